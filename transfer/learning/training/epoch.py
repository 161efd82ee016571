"""Epoch: the steps over all samples once, and what came of it.

Samples that are in memory are gone over many steps at a time, all others batch by batch. What a step does is in
`steps`; what happens between them, and after an epoch, is in the callbacks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from transfer.learning.features.source import FeatureSource
from transfer.learning.features.table import Table
from transfer.learning.pipeline import Batch, Key
from transfer.learning.training.data import EpochData
from transfer.learning.training.steps import Score, Tally
from transfer.messages.events import EarlyStopped, EpochEnded

BLOCK = 0.25  # seconds of steps in a row between two looks around
FIRST = 16  # steps before the first look

Step = Callable[[Batch], tf.Tensor]
"""`Steps.train` or `Steps.measure`."""
BlockOfSteps = Callable[[Table, tf.Tensor, int, int, tf.Tensor], tf.Tensor]
"""`Steps.train_block` or `Steps.measure_block`."""


@dataclass(frozen=True)
class Block:
    """Steps that were just taken, with nothing between them.

    Attributes:
        steps, photos: how many.
        tally: of all steps of the epoch so far. Reading its score waits for the device.
    """

    steps: int
    photos: int
    tally: Tally


@dataclass
class EpochResult:
    """What came of an epoch.

    Attributes:
        epoch: its number within the phase, from 1.
        step: its number over both phases.
        train: the score on the training photos.
        validation: the score on the validation photos; None where there are none.
        complete: False when it was broken off.
        seconds: of training and validation.
        photos_per_second: of training.
        best: whether its weights are the best so far.
        events: what the log is to be told of it once it is safe.
    """

    epoch: int
    step: int
    train: Score
    validation: Score | None
    complete: bool
    seconds: float
    photos_per_second: float
    best: bool = False
    events: list[EpochEnded | EarlyStopped] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """What epochs are compared by: the validation loss, the training loss where there are no validation photos."""
        return (self.validation or self.train).loss


def blocks(
    data: EpochData, step: Step, block_of_steps: BlockOfSteps, tally: Tally, key: Key | None = None
) -> Generator[Block]:
    """Go over some data once; the next block is computed when it is asked for.

    Args:
        data: to go over.
        step, block_of_steps: what to do with a batch, and with many in a row.
        tally: to add up in.
        key: what the order follows from; None for the samples' own.
    """
    if data.table is not None:
        yield from _blocks_of(data, data.table, block_of_steps, tally, key)
        return
    for batch in data.source.batches(key):
        tally.add(step(batch))
        yield Block(1, batch.photos, tally)


def _blocks_of(
    data: EpochData, table: Table, block_of_steps: BlockOfSteps, tally: Tally, key: Key | None
) -> Generator[Block]:
    """As many steps in one call as take about `BLOCK` seconds."""
    assert isinstance(data.source, FeatureSource)
    order = np.stack(list(data.source.numbers(key)))
    numbers = tf.convert_to_tensor(order)
    done, count = 0, FIRST
    while done < len(order):
        began, end = time.monotonic(), min(done + count, len(order))
        tally.sums = block_of_steps(table, numbers, done, end, tally.sums)
        tally.score()  # waits for the device
        count = max(1, int((end - done) * min(BLOCK / max(time.monotonic() - began, 1e-6), 8)))
        yield Block(end - done, int((order[done:end] >= 0).sum()), tally)
        done = end
