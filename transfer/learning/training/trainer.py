"""Training: the two phases of transfer learning, epoch by epoch, resumable exactly.

First the head alone, then, where layers are unfrozen, these too at a lower learning rate, starting from the head's best
epoch. What they learn from is `material`'s business. What is kept is the best epoch of both phases by validation loss
(training loss where there are no validation photos), so fine-tuning never makes the result worse. What an epoch does
follows from (seed, phase, epoch) and the last checkpoint alone. Evaluation and export come after this, in `worker`.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import Any

import numpy as np
import tensorflow as tf

from transfer.errors import TrainingError
from transfer.feature_store.store import FeatureStore
from transfer.learning.device import Device, use_precision
from transfer.learning.features.extraction import Features
from transfer.learning.model.classifier import Classifier, build, freeze
from transfer.learning.pipeline import Key, steps
from transfer.learning.reporter import Reporter, Stopped
from transfer.learning.training.checkpoint import Checkpoint, assign, values
from transfer.learning.training.data import TrainingData
from transfer.learning.training.passes import Samples, go_over
from transfer.learning.training.phases import Phase, State, class_weights, optimizer, phases
from transfer.learning.training.steps import Score, Steps
from transfer.messages.events import EarlyStopped, EpochEnded, PhaseBegun
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


class Training:
    """The training of one run in this process.

    Args:
        run: its directory; the caller holds the run's lock.
        device: what to train on.
        reporter: where progress goes.
        store, dtype: where and how features are kept, if not as usual; see `Features`.
    """

    def __init__(
        self,
        run: Run,
        device: Device,
        reporter: Reporter,
        store: FeatureStore | None = None,
        dtype: str = "float16",
    ) -> None:
        self.config, self.dataset = run.config, run.dataset
        self._run, self._device, self._reporter = run, device, reporter
        self._checkpoint = Checkpoint(run.checkpoint, self._tell)
        features = Features(Workspace.of(run), device, reporter, store, dtype)
        self._material = TrainingData(self.config, self.dataset, device, reporter, features)
        found = self._checkpoint.state
        self.resumed_from: int | None = found.step if found else None
        self._state = found or State(phase=phases(self.config)[0].name)

    # ------------------------------------------------------------------ the whole of it

    def train(self) -> bool:
        """Train whatever is left to train.

        Returns:
            Whether it went to its end; False when the user stopped it.

        Raises:
            TrainingError: when the loss is no longer a number.
            WeightsError, ConfigError: from building the network.
        """
        self._checkpoint.catch_up()
        plan = phases(self.config)
        if self._state.phase == plan[-1].name and self._state.phase_over:
            return True
        use_precision(self._device)
        if self.config.fine_tunes:
            self._material.network()
        try:
            whole = all(self._phase(phase) for phase in plan[[phase.name for phase in plan].index(self._state.phase) :])
        except Stopped:
            whole = False
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk must not hide what went wrong before
                self._checkpoint.write()
            raise
        self._checkpoint.write()
        return whole

    def result(self) -> Classifier | None:
        """The network with the weights of the best epoch, in 32 bits on one device; None when there was no epoch."""
        if self._checkpoint.best is None:
            return None
        reusable = self._device.replicas == 1 and not self._device.mixed_precision
        use_precision(None)
        classifier = self._material.network() if reusable else build(self.config, len(self.dataset.classes))
        self._restore_best(classifier)
        return classifier

    def close(self) -> None:
        """Let go of the kept features."""
        self._material.close()

    # ------------------------------------------------------------------ one phase

    def _phase(self, phase: Phase) -> bool:
        """Train one phase, or the rest of it. False when stopped."""
        state = self._state
        if state.phase != phase.name:
            self._state = state = State(phase=phase.name, step=state.step, value=state.value)
        if state.phase_over:
            return True
        if phase.name == "fine_tune":
            classifier = self._material.network()
            if state.epoch == 0 and self._checkpoint.best:
                self._restore_best(classifier)  # the phase before ends with its best epoch
            freeze(classifier, phase.name, self.config.frozen_layers)
        train, validation = self._material.samples(phase)
        head_only = phase.name == "head"
        variables = (self._material.head if head_only else self._material.network().model).trainable_variables
        if not head_only and state.epoch == 0 and self._checkpoint.best:
            # From here on more variables change, and going back to the best means going back with all of them.
            self._checkpoint.best = phase.name, values(variables)
        with self._device.strategy.scope():
            rule = optimizer(self.config, phase.learning_rate, phase.epochs * steps(train.source))
            rule.build(variables)
        if state.epoch:
            self._checkpoint.restore(variables, rule.variables)
        measured_by = validation.network if validation else train.network
        weights = class_weights(self.config, self.dataset)
        compiled = Steps(self._device, variables, rule, train.network, measured_by, weights)
        if not any(begun.phase == phase.name for begun in self._run.log.all(PhaseBegun)):
            self._run.log.append(
                PhaseBegun(
                    phase=phase.name,
                    epochs=phase.epochs,
                    learning_rate=phase.learning_rate,
                    trainable_parameters=sum(math.prod(variable.shape) for variable in variables),
                    photos=train.source.photos,
                )
            )
        per_epoch = steps(train.source) + (steps(validation.source) if validation else 0)
        self._reporter.begin("train", "", phase.epochs * per_epoch, "steps", done=state.epoch * per_epoch)
        while not state.phase_over:
            if not self._epoch(phase, compiled, train, validation, variables, rule):
                return False
        return True

    # ------------------------------------------------------------------ one epoch

    def _epoch(
        self, phase: Phase, compiled: Steps, train: Samples, validation: Samples | None, variables: Any, rule: Any
    ) -> bool:
        state, reporter, epoch = self._state, self._reporter, self._state.epoch + 1
        key = (self.config.seed, phase.index, epoch)
        reporter.turn_to("train", f"Round {epoch} of {phase.epochs}: {phase.description}.")
        self._reseed(key)
        began = time.monotonic()
        score, whole = go_over(train, compiled.train, compiled.train_some, reporter, phase, epoch, key)
        if score is None and not whole:
            return False
        trained = time.monotonic() - began
        measured: Score | None = None
        if whole and validation:
            reporter.turn_to("validate", f"Round {epoch} of {phase.epochs}: looking at the validation photos.")
            measured, whole = go_over(validation, compiled.measure, compiled.measure_some, reporter, phase, epoch)
        if score is None:
            raise _nothing_left()
        value = measured.loss if measured else score.loss
        better = state.value is None or (whole and value < state.value)
        event = EpochEnded(
            phase=phase.name,
            epoch=epoch,
            step=state.step + 1,
            loss=score.loss,
            accuracy=score.accuracy,
            val_loss=measured.loss if measured and whole else None,
            val_accuracy=measured.accuracy if measured and whole else None,
            learning_rate=float(tf.convert_to_tensor(rule.learning_rate).numpy()),
            seconds=round(time.monotonic() - began, 4),
            photos_per_second=round(score.photos / max(trained, 1e-6), 2),
            memory_mb=reporter.memory_mb(),
            partial=not whole,
            best=better,
        )
        if not whole:  # not a state to go on from: the checkpoint stays at the epoch before
            if better:
                self._checkpoint.best = phase.name, values(variables)
            self._checkpoint.write()
            self._tell([event])
            return False
        ended = state.advance(phase, self.config.early_stopping_patience, value, better)
        self._checkpoint.add(state, [event, *ended], variables, rule.variables, better=better)
        return not reporter.stop_requested()

    # ------------------------------------------------------------------ small parts

    def _reseed(self, key: Key) -> None:
        """Dropout of an epoch follows from its key, not from how many epochs this process has seen."""
        for number, layer in enumerate(self._material.head.layers):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                seeds = np.random.default_rng((*key, number)).integers(0, 2**31 - 1, generator.state.shape)
                generator.state.assign(seeds.astype(generator.state.dtype))

    def _restore_best(self, classifier: Classifier) -> None:
        assert self._checkpoint.best is not None
        phase, weights = self._checkpoint.best
        freeze(classifier, phase, self.config.frozen_layers)
        assign(classifier.model.trainable_variables, weights)

    def _tell(self, events: list[EpochEnded | EarlyStopped]) -> None:
        """Log events once, also when this process takes over from one killed between checkpoint and log."""
        for event in events:
            told = [
                (other.phase, other.epoch)
                for other in self._run.log.all(type(event))
                if not (isinstance(other, EpochEnded) and other.partial)
            ]
            if (event.phase, event.epoch) not in told:
                self._run.log.append(event, durable=event is events[-1])


def _nothing_left() -> TrainingError:
    return TrainingError(
        "Not one training photo could be read any more.",
        expected="the photos to stay where they were when they were checked",
        fix="Check that the folder is still there (a removed disk?), then start again.",
    )
