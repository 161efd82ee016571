"""Passes: one time through all samples of an epoch, looking now and then for the stop file and at the loss.

Samples that are in memory are gone over many steps at a time, all others batch by batch. What a step does is in
`steps`; what a pass is good for is in `training`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from transfer.errors import TrainingError
from transfer.learning.features.source import FeatureSource
from transfer.learning.pipeline import Batch, Key, Source
from transfer.learning.reporter import Reporter
from transfer.learning.training.phases import Phase
from transfer.learning.training.steps import Network, Score, Table, Tally

CHECK = 0.25  # seconds of steps in a row before the next look at the stop file and the loss
FIRST = 16  # steps before the first look

Step = Callable[[Batch], tf.Tensor]
"""`Steps.train` or `Steps.measure`."""
SomeSteps = Callable[[Table, tf.Tensor, int, int, tf.Tensor], tf.Tensor]
"""`Steps.train_some` or `Steps.measure_some`."""


@dataclass(frozen=True)
class Samples:
    """What one pass of an epoch goes over.

    Attributes:
        source: where the batches come from.
        network: takes them.
        table: all samples at once, where they fit in memory.
    """

    source: Source
    network: Network
    table: Table | None = None


def go_over(
    samples: Samples,
    step: Step,
    some: SomeSteps,
    reporter: Reporter,
    phase: Phase,
    epoch: int,
    key: Key | None = None,
) -> tuple[Score | None, bool]:
    """One time through the samples.

    Args:
        samples: to go over.
        step, some: what to do with a batch, and with many in a row.
        reporter: told of every step, asked whether to stop.
        phase, epoch: for the words of an error.
        key: what the order follows from; None for the samples' own.

    Returns:
        The score so far, None when there was no sample, and whether it went to the end.

    Raises:
        TrainingError: when the loss is no longer a number.
    """
    if samples.table is not None:
        return _in_a_row(samples, some, reporter, phase, epoch, key)
    tally, whole = Tally(), True
    for batch in samples.source.batches(key):
        if reporter.stop_requested():
            whole = False
            break
        tally.add(step(batch))
        if reporter.advance(reporter.done + 1, batch.photos):
            _check(tally.score(), phase, epoch)
    score = tally.score()
    _check(score, phase, epoch)
    return score, whole


def _in_a_row(
    samples: Samples, some: SomeSteps, reporter: Reporter, phase: Phase, epoch: int, key: Key | None
) -> tuple[Score | None, bool]:
    """As many steps in one call as take about `CHECK` seconds."""
    table, source = samples.table, samples.source
    assert isinstance(source, FeatureSource) and table is not None
    order = np.stack(list(source.numbers(key)))
    numbers = tf.convert_to_tensor(order)
    tally, score, done, count = Tally(), None, 0, FIRST
    while done < len(order) and not reporter.stop_requested():
        began, end = time.monotonic(), min(done + count, len(order))
        tally.sums = some(table, numbers, done, end, tally.sums)
        score = tally.score()  # waits for the device
        _check(score, phase, epoch)
        count = max(1, int((end - done) * min(CHECK / max(time.monotonic() - began, 1e-6), 8)))
        reporter.advance(reporter.done + end - done, int((order[done:end] >= 0).sum()))
        done = end
    return score, done == len(order)


def _check(score: Score | None, phase: Phase, epoch: int) -> None:
    if score is None or math.isfinite(score.loss):
        return
    rate = phase.learning_rate
    setting = "head_learning_rate" if phase.name == "head" else "fine_tune_learning_rate"
    raise TrainingError(
        f"The loss became {'infinite' if math.isinf(score.loss) else 'NaN (not a number)'} in round {epoch}: "
        "the corrections were so large that the network fell apart.",
        expected="a loss that is a number and sinks",
        found=f"a learning rate of {rate:g} ({setting})",
        fix=f"Start again with a learning rate of {rate / 10:g} or {rate / 100:g}.",
    )
