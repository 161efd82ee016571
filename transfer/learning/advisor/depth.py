"""How deep? The head only, the last block and the last two blocks of a network, compared on the user's photos.

Each depth is a short run as a real one would go, on maps that the engine computes once and the feature store keeps, so
that the run that follows finds them. The photos are dealt into a few parts; each part is measured by a run that
learned from the others (cross-validation, stratified), so every photo is a new one once, and all depths meet the same
photos: that is why small differences can be told from noise. What is recommended follows from the events, in
`advice.depth`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.subset import folds
from transfer.learning.advisor.learning_rate import range_test
from transfer.learning.advisor.short_run import ShortRun
from transfer.learning.analysis.intervals import wilson
from transfer.learning.device import Device
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox
from transfer.learning.model import custom
from transfer.learning.model.classifier import layers_of
from transfer.learning.reporter import Reporter
from transfer.learning.training.checkpoint import Values, assign, values
from transfer.learning.training.network import TrainedNetwork
from transfer.learning.training.phases import phases
from transfer.learning.training.setup import Setup
from transfer.messages.measurements import DepthMeasured
from transfer.networks.custom import is_custom
from transfer.networks.layers import Layer, last_blocks, layers, trainable_parameters

STEPS = ("head only", "last block", "last two blocks")  # by how many blocks are unfrozen, counted from the end
EPOCHS = 8  # of fine-tuning at most: short, and long enough to see whether it goes anywhere


def depths(config: RunConfig) -> dict[int, int | None]:
    """For each number of unfrozen blocks that the network has, how many layers stay frozen."""
    table = _table(config)
    found: dict[int, int | None] = {count: last_blocks(table, count) for count in range(len(STEPS))}
    return {count: start for count, start in found.items() if start is not None or not count}


def plan(config: RunConfig) -> dict[str, float]:
    """The steps, and how long each takes against the first."""
    return {STEPS[count]: (1.0, 5.0, 9.0)[count] for count in depths(config)}


def with_depth(config: RunConfig, frozen_layers: int | None, learning_rate: float | None = None) -> RunConfig:
    """The settings of a depth's short run; without a learning rate that of the config."""
    rate = config.fine_tune_learning_rate if learning_rate is None else learning_rate
    return dataclasses.replace(
        config,
        frozen_layers=frozen_layers,
        head_epochs=config.head_epochs or 100,
        fine_tune_epochs=EPOCHS,
        fine_tune_learning_rate=rate,
    )


@dataclass(frozen=True)
class _Head:
    """The head of one fold after its own phase: its weights, their validation loss, and the seconds it took."""

    weights: Values
    loss: float
    seconds: float


def measure_depths(
    config: RunConfig,
    dataset: Dataset,
    extractor: FeatureExtractor,
    device: Device,
    reporter: Reporter,
    inbox: Inbox,
) -> Iterator[DepthMeasured]:
    """Compare the depths, the head only first. Each is trained at the rate that its own range test suggests.

    Raises:
        Stopped: when the user asked to stop; the depth at hand is lost.
    """
    dealt, table = folds(dataset), _table(config)
    photos = [photo for photo in dataset.photos if photo.split != "test"]
    heads: list[_Head] = []
    for blocks, frozen in depths(config).items():
        began = time.monotonic()
        settings = with_depth(config, frozen)
        network = TrainedNetwork(settings, len(dataset.classes), device, reporter, extractor)
        right: dict[str, bool] = {}
        seconds, rate = 0.0, None
        fresh = values(network.variables("fine_tune") if blocks else network.head.trainable_variables)
        for number, fold in enumerate(dealt):
            run = ShortRun(Setup(settings, fold, network, extractor, device, reporter, inbox))
            if blocks:
                assign(network.variables("fine_tune"), fresh)
                assign(network.head.trainable_variables, heads[number].weights)
                run.best, seconds = heads[number].loss, seconds + heads[number].seconds
                if rate is None:  # one for all folds
                    rate = range_test(run, phases(settings)[-1], repeats=1).suggestion or config.fine_tune_learning_rate
                    settings = run.config = with_depth(config, frozen, rate)
            else:
                assign(network.head.trainable_variables, fresh)
            phase = phases(settings)[-1]
            run.load(phase)
            started = time.monotonic()
            run.train(phase)
            took = time.monotonic() - started
            seconds += took
            if not blocks:
                heads.append(_Head(values(network.head.trainable_variables), run.best, took))
            right |= dict(zip((photo.path for photo in fold.of("validation")), run.right(phase), strict=True))
        hits = sum(right.values())
        low, high = wilson(hits, len(photos))
        yield DepthMeasured(
            step=STEPS[blocks],
            seconds=round(time.monotonic() - began, 2),
            blocks=blocks,
            frozen_layers=frozen,
            fine_tune_epochs=EPOCHS if blocks else config.fine_tune_epochs,
            fine_tune_learning_rate=rate,
            parameters=trainable_parameters(table, frozen),
            accuracy=hits / len(photos),
            low=low,
            high=high,
            right="".join("1" if right[photo.path] else "0" for photo in photos),
            training_seconds=round(seconds / len(dealt), 2),
        )


def _table(config: RunConfig) -> Sequence[Layer]:
    if is_custom(config.backbone):
        return layers_of(custom.load(Path(config.backbone)).network)
    return layers(config.backbone, config.alpha)
