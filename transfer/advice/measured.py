"""The mistakes of transfer learning foreseen with numbers that were measured on these photos.

A measurement counts only for the photos and the network it was made with. Where one counts, the rule of thumb of
`settings` about the same thing is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transfer.advice.depth import NAMES, advised_depth, gain
from transfer.advice.networks import recommend
from transfer.advice.notice import Notice
from transfer.config import RunConfig
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured, NetworkMeasured, StepEnded
from transfer.networks.backbones import BACKBONES

NETWORK = ("backbone", "alpha", "image_size", "weights")
HEAD = (*NETWORK, "pooling", "hidden_units", "dropout")
TRAINING = (*HEAD, "optimizer", "batch_size")
PHASES = {"head": "the new layers", "fine_tune": "fine-tuning"}


@dataclass(frozen=True)
class Measurement:
    """What was measured for a run with these settings, on the photos in question; the newest last."""

    config: RunConfig
    steps: Sequence[StepEnded]


def counts_for(kind: str, config: RunConfig, measured: RunConfig) -> bool:
    """Whether what a study (`kind` as in `runs.study.KINDS`) measured for one config counts for another."""
    return same(config, measured, HEAD if kind == "depth" else (*TRAINING, "frozen_layers"))


def measured_depths(config: RunConfig, measurements: Iterable[Measurement]) -> list[DepthMeasured]:
    """The depths of the newest study that counts for a config."""
    for each in reversed(list(measurements)):
        depths = [step for step in each.steps if isinstance(step, DepthMeasured)]
        if depths and same(config, each.config, HEAD):
            return depths
    return []


def measured_rate(config: RunConfig, measurements: Iterable[Measurement], phase: str) -> LearningRateMeasured | None:
    """The newest range test of a phase that counts for a config and found a rate."""
    fields = TRAINING if phase == "head" else (*TRAINING, "frozen_layers")
    for each in reversed(list(measurements)):
        tests = [
            step
            for step in each.steps
            if isinstance(step, LearningRateMeasured) and step.phase == phase and step.suggestion
        ]
        if tests and same(config, each.config, fields):
            return tests[-1]
    return None


def advice_on_measurements(config: RunConfig, measurements: Sequence[Measurement]) -> list[Notice]:
    """What was measured gives reason to say about the settings."""
    notices = _network(config, measurements)
    if config.head_epochs:
        notices += _rate(config.head_learning_rate, measured_rate(config, measurements, "head"))
    if config.fine_tunes:
        notices += _rate(config.fine_tune_learning_rate, measured_rate(config, measurements, "fine_tune"))
        notices += _depth(config, measured_depths(config, measurements))
    return notices


def _network(config: RunConfig, measurements: Sequence[Measurement]) -> list[Notice]:
    """A network that does not suit these photos, where a better one was measured beside it."""
    studies = [[step for step in each.steps if isinstance(step, NetworkMeasured)] for each in measurements]
    networks = next((study for study in reversed(studies) if study), [])
    chosen = [_value(config, name) for name in NETWORK[:3]]
    ours = next((each for each in networks if [each.backbone, each.alpha, each.image_size] == chosen), None)
    found = recommend(networks)
    if ours is None or found is None or config.weights != "imagenet" or ours in found.alike:
        return []
    title = f"Another network suits your photos better than {ours.step}."
    measured = (
        f"{found.network.step} was right on {found.network.accuracy:.1%} of them, {ours.step} on {ours.accuracy:.1%}"
    )
    return [
        Notice("warning", title, f"Measured on {len(ours.right)} photos: {measured}.", f"Use {found.network.step}.")
    ]


def _rate(rate: float, test: LearningRateMeasured | None) -> list[Notice]:
    if test is None or test.low is None or test.high is None or test.suggestion is None:
        return []
    name, fix = PHASES[test.phase], f"Try {test.suggestion:g}, where it fell fastest."
    measured = f"On your photos the loss fell at rates from {test.low:g} to {test.high:g}"
    if rate > test.high:
        worse = ""
        if test.explodes is not None:
            worse = f", and from {test.explodes:g} on it was worse than at the start"
        title = f"The learning rate of {name} ({rate:g}) is {_times(rate / test.high)} too high."
        return [Notice("warning", title, f"{measured}{worse}.", fix)]
    if rate < test.low:
        title = f"The learning rate of {name} ({rate:g}) is {_times(test.low / rate)} too low."
        return [Notice("warning", title, f"{measured}; below, hardly anything happened.", fix)]
    return []


def _depth(config: RunConfig, depths: list[DepthMeasured]) -> list[Notice]:
    """More unfrozen than these photos repay. What was measured says it of the very depth, or of one less deep."""
    advice = advised_depth(depths)
    frozen = config.frozen_layers
    if advice is None or frozen is None or frozen >= _frozen(advice.best):
        return []
    head = depths[0]
    tried = min((each for each in depths if each.blocks), key=lambda each: (abs(_frozen(each) - frozen), -each.blocks))
    better = gain(tried.right, head.right)
    photos = len(head.right)
    if better.high < 0:
        title = f"With {photos} photos, unfreezing this much makes it worse."
    else:
        title = f"With {photos} photos, unfreezing this much does not help."
    fix = "Keep all layers frozen."
    if advice.best.blocks:
        fix = f"Unfreeze {NAMES[advice.best.blocks]} only ({advice.best.frozen_layers} layers stay frozen)."
    message = f"Measured on your photos: unfreezing {NAMES[tried.blocks]} gives {better} against the new layers alone."
    return [Notice("warning", title, message, fix)]


def _frozen(depth: DepthMeasured) -> float:
    return float("inf") if depth.frozen_layers is None else depth.frozen_layers


def _times(factor: float) -> str:
    return f"{factor:.1f} times" if factor < 10 else f"{factor:,.0f} times"


def same(one: RunConfig, other: RunConfig, names: Iterable[str]) -> bool:
    """Whether two configs have the same settings of these names."""
    return all(_value(one, name) == _value(other, name) for name in names)


def _value(config: RunConfig, name: str) -> object:
    """A setting as it counts: an empty photo size is the network's own."""
    if name == "image_size" and config.image_size is None and config.backbone in BACKBONES:
        return BACKBONES[config.backbone].image_size
    return getattr(config, name)
