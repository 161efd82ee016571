"""ShortRun: the phases of a run on some photos without a run directory, to find out how a setting would do.

Order, steps, early stopping and which epoch is kept are those of `training.trainer`, so that it gives what a real run
with these settings and this split gives; nothing of it is written, resumed or exported.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from transfer.learning.pipeline import Key
from transfer.learning.training.checkpoint import Values, assign, values
from transfer.learning.training.data import EpochData, PhaseData, PhaseDataLoader
from transfer.learning.training.epoch import BlockOfSteps, Step, blocks
from transfer.learning.training.optimizer import optimizer
from transfer.learning.training.phases import Phase, class_weights
from transfer.learning.training.setup import Setup
from transfer.learning.training.steps import Score, Steps, Tally


class ShortRun:
    """A run that is only looked at.

    Args:
        setup: with training and validation photos; the network is left with the weights of the best epoch.

    Attributes:
        config: its settings, for phases that are still to come.
        best: the lowest validation loss so far, over all phases.
    """

    def __init__(self, setup: Setup) -> None:
        self.config, self.dataset, self.network = setup.config, setup.dataset, setup.network
        self.device, self.reporter, self.inbox = setup.device, setup.reporter, setup.inbox
        self._loader = PhaseDataLoader(setup)
        self._loaded: tuple[str, PhaseData] | None = None
        self.best = math.inf

    def load(self, phase: Phase) -> PhaseData:
        """What a phase learns from.

        Raises:
            Stopped: when the user asked to stop.
        """
        if self._loaded is None or self._loaded[0] != phase.name:
            self._loaded = phase.name, self._loader.load(phase)
        return self._loaded[1]

    def train(self, phase: Phase) -> None:
        """Train a phase to its end, and go back to the best epoch of all phases so far.

        Raises:
            Stopped: when the user asked to stop.
        """
        data = self.load(phase)
        assert data.validation is not None, "a short run is measured on validation photos"
        variables = self.network.variables(phase.name)
        with self.device.strategy.scope():
            made = optimizer(self.config, phase.learning_rate, phase.epochs * data.train.steps)
            made.build(variables)
        weights = class_weights(self.config, self.dataset)
        steps = Steps(self.device, variables, made, data.train.network, data.validation.network, weights)
        kept: Values = values(variables)
        lowest, wait = math.inf, 0
        self.reporter.begin("train", f"A short run: {phase.description}.", phase.epochs * data.steps, "steps")
        for epoch in range(1, phase.epochs + 1):
            key = (self.config.seed, phase.index, epoch)
            self.network.reseed(key)
            trained = self._go_over(data.train, steps.train, steps.train_block, key)
            seen = self._go_over(data.validation, steps.measure, steps.measure_block)
            if trained is None or seen is None or not math.isfinite(trained.loss + seen.loss):
                break  # a run would end here with an error; the best so far is what is to be had
            if seen.loss < self.best:
                self.best, kept = seen.loss, values(variables)
            wait = 0 if seen.loss < lowest else wait + 1
            lowest = min(lowest, seen.loss)
            if phase.patience and wait >= phase.patience:
                break
        assign(variables, kept)

    def right(self, phase: Phase) -> np.ndarray:
        """Whether each validation photo is named right, (photos,) bool; one that cannot be read is not.

        Raises:
            Stopped: when the user asked to stop.
        """
        data = self.load(phase).validation
        assert data is not None
        right = np.zeros(data.photos, bool)
        for batch in data.source.batches():
            self.inbox.raise_if_stopped()
            real = batch.valid > 0
            # Once over a few photos: compiling this would take longer.
            answers = data.network(tf.cast(batch.inputs, tf.float32), training=False)
            guesses = np.asarray(answers).argmax(axis=1)
            right[batch.indices[real]] = (guesses == batch.labels)[real]
        return right

    def _go_over(self, data: EpochData, step: Step, block: BlockOfSteps, key: Key | None = None) -> Score | None:
        tally = Tally()
        for taken in blocks(data, step, block, tally, key):
            self.inbox.raise_if_stopped()
            self.reporter.advance(self.reporter.done + taken.steps, taken.photos)
        return tally.score()
