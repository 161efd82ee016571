"""Learning-rate range test: how the loss answers while the rate grows from step to step, and what that suggests.

After Smith 2015, "Cyclical Learning Rates for Training Neural Networks" (https://arxiv.org/abs/1506.01186), section
3.3, with the exponential growth and the early end of fastai's `lr_find`
(https://docs.fast.ai/callback.schedule.html#learner.lr_find). Suggested is where the loss falls steepest, in per
cent of itself as long as it is above a tenth of what it was: when the unfrozen part is tested the head has learned
already, and the loss begins near zero.

What is tested is the phase of a run as it would train, on the same data, with the same steps and the same optimizer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.subset import folds
from transfer.learning.advisor.short_run import ShortRun
from transfer.learning.device import Device
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox
from transfer.learning.pipeline import Batch
from transfer.learning.reporter import Reporter
from transfer.learning.training.checkpoint import assign, values
from transfer.learning.training.data import EpochData
from transfer.learning.training.network import TrainedNetwork
from transfer.learning.training.optimizer import optimizer, set_learning_rate
from transfer.learning.training.phases import Phase, class_weights, phases
from transfer.learning.training.setup import Setup
from transfer.learning.training.steps import Steps
from transfer.messages.measurements import LearningRateMeasured

RATES = {"head": (1e-6, 10.0), "fine_tune": (1e-6, 1.0)}  # from a rate that does nothing to one that is too high
STEPS_PER_DECADE = 14
REPEATS = {"head": 3, "fine_tune": 2}  # over other batches; a step of the head costs next to nothing
AROUND = 5  # steps on each side that the curve is smoothed over
START = 10  # steps at the beginning that say how high the loss was before
NEGLIGIBLE = 0.1  # of the loss at the start: what is far below it is as good
BEGUN, DONE = 0.1, 0.9  # shares of the whole fall of the loss between which a rate is good
LEAST_FALL = 0.1  # of the loss, below which it did not fall
LARGEST = 1e6  # what stands for a loss that is no number
KEY = 1000  # no epoch of a run has such a number: other batches than those it will learn from first


@dataclass(frozen=True)
class RangeTest:
    """What came of a range test; the attributes are those of `LearningRateMeasured`."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    low: float | None
    high: float | None
    suggestion: float | None
    explodes: float | None


STEPS = {"head": "new layers", "fine_tune": "fine-tuning"}  # by phase


def plan(config: RunConfig) -> dict[str, float]:
    """The steps, and how long each takes against the first."""
    return {STEPS[phase.name]: 1.0 if phase.name == "head" else 4.0 for phase in phases(config)}


def measure_learning_rates(
    config: RunConfig,
    dataset: Dataset,
    extractor: FeatureExtractor,
    device: Device,
    reporter: Reporter,
    inbox: Inbox,
) -> Iterator[LearningRateMeasured]:
    """Test each phase that the config has, one by one; the unfrozen part upon a head that has learned.

    Args:
        config: of the run.
        dataset: the photos; a part of them says when the head has learned.
        extractor, device, reporter, inbox: as `Setup` takes them.

    Raises:
        Stopped: when the user asked to stop.
    """
    network = TrainedNetwork(config, len(dataset.classes), device, reporter, extractor)
    run = ShortRun(Setup(config, folds(dataset)[0], network, extractor, device, reporter, inbox))
    for phase in phases(config):
        began = time.monotonic()
        found = range_test(run, phase)
        yield LearningRateMeasured(
            step=STEPS[phase.name],
            seconds=round(time.monotonic() - began, 2),
            phase=phase.name,
            **vars(found),
        )
        if phase.name == "head" and config.fine_tunes:
            run.train(phase)


def range_test(run: ShortRun, phase: Phase, repeats: int | None = None) -> RangeTest:
    """Let the rate of a phase grow until the loss explodes. The network is afterwards as it was.

    Args:
        run: whose phase.
        phase: head or fine_tune; its own rate does not matter.
        repeats: how often, over other batches; the curves are averaged.

    Raises:
        Stopped: when the user asked to stop.
    """
    low, high = RATES[phase.name]
    rates = np.geomspace(low, high, round(STEPS_PER_DECADE * math.log10(high / low)) + 1)
    data = run.load(phase).train
    repeats = repeats or REPEATS[phase.name]
    run.reporter.begin("train", "Trying learning rates, from too low to too high.", repeats * len(rates), "steps")
    curves = [_losses(run, phase, data, rates, repeat) for repeat in range(repeats)]
    steps = min(map(len, curves))
    return judge(rates[:steps], np.stack([curve[:steps] for curve in curves]))


def judge(rates: np.ndarray, losses: np.ndarray) -> RangeTest:
    """What the curves of a range test say.

    Args:
        rates: (steps,) growing exponentially.
        losses: (repeats, steps).
    """
    negligible = NEGLIGIBLE * float(losses[:, :START].mean()) + 1e-9
    logarithms = np.log(losses + negligible).mean(axis=0)
    smooth = _smoothed(logarithms)
    start = float(logarithms[:START].mean())
    lowest = int(smooth.argmin())
    fall = start - float(smooth[lowest])
    low = high = suggestion = None
    if fall > LEAST_FALL:
        begins = int(np.flatnonzero(smooth[: lowest + 1] > start - BEGUN * fall).max(initial=0))
        ends = int(np.flatnonzero(smooth[: lowest + 1] <= start - DONE * fall)[0])
        steepest = begins + int(np.gradient(smooth)[begins : ends + 1].argmin())
        low, high, suggestion = (_plain(rates[step], 2) for step in (begins, ends, steepest))
    below = np.flatnonzero(smooth <= max(start, float(smooth[lowest]) + LEAST_FALL))
    exploded = int(below.max(initial=0)) + 1
    return RangeTest(
        rates=tuple(_plain(rate) for rate in rates),
        losses=tuple(_plain(loss) for loss in np.maximum(np.exp(smooth) - negligible, 0)),
        low=low,
        high=high,
        suggestion=suggestion,
        explodes=_plain(rates[exploded], 2) if exploded < len(rates) else None,
    )


def _losses(run: ShortRun, phase: Phase, data: EpochData, rates: np.ndarray, repeat: int) -> np.ndarray:
    """The loss at each rate, (steps,), up to where it explodes."""
    network = run.network
    variables = network.variables(phase.name)
    before = values(variables)
    with run.device.strategy.scope():
        made = optimizer(run.config, float(rates[0]), 1)
        made.build(variables)
    weights = class_weights(run.config, run.dataset)
    steps = Steps(run.device, variables, made, data.network, data.network, weights)
    losses: list[float] = []
    try:
        for rate, batch in zip(rates, _batches(run, phase, data, repeat), strict=False):
            run.inbox.raise_if_stopped()
            set_learning_rate(made, float(rate), 1)
            loss, _, photos = steps.train(batch).numpy()
            losses.append(float(loss / max(photos, 1)))
            run.reporter.advance(repeat * len(rates) + len(losses), int(photos))
            if exploded(losses):
                break
    finally:
        assign(variables, before)
    return np.nan_to_num(np.array(losses), nan=LARGEST, posinf=LARGEST)


def exploded(losses: Sequence[float]) -> bool:
    """Whether there is nothing more to see: no number any more, or far above anything at the start, for good."""
    if not math.isfinite(losses[-1]):
        return True
    return len(losses) >= 2 * START and min(losses[-3:]) > 4 * max(*losses[:START], 1e-3)


def _batches(run: ShortRun, phase: Phase, data: EpochData, repeat: int) -> Iterator[Batch]:
    """One epoch after the other, without end."""
    epoch = KEY * (repeat + 1)
    while True:
        key = (run.config.seed, phase.index, epoch)
        run.network.reseed(key)
        yield from data.source.batches(key)
        epoch += 1


def _smoothed(values: np.ndarray) -> np.ndarray:
    """A running mean that weighs what is near more (a Hann window): unlike an exponential one it shifts nothing."""
    window = np.hanning(2 * AROUND + 3)[1:-1]
    padded = np.pad(values, AROUND, mode="edge")
    return np.convolve(padded, window / window.sum(), "valid")


def _plain(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits}g}")
