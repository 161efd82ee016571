"""Trainer: the two phases of transfer learning, epoch by epoch, resumable exactly.

First the head alone, then, where layers are unfrozen, these too at a lower learning rate, starting from the head's best
epoch. What an epoch does follows from (seed, phase, epoch) and the last checkpoint alone. This module knows the order
of things and nothing else: what happens at each point is in `callbacks`, what a phase learns from in `data`, what it
trains in `network`. Evaluation and export come after this, in `worker`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterable

import keras
import numpy as np

from transfer.costs.space import run_bytes
from transfer.dataset.dataset import Dataset, Split
from transfer.errors import TrainingError
from transfer.feature_store.store import FeatureStore
from transfer.learning.device import Device, use_precision
from transfer.learning.features.extraction import FeatureExtractor, NotKept
from transfer.learning.inbox import Inbox, Stopped
from transfer.learning.model.classifier import Classifier, build
from transfer.learning.model.depths import refined
from transfer.learning.pipeline import Key, PhotoSource
from transfer.learning.reporter import Reporter
from transfer.learning.training.callbacks.best_weights import BestWeights
from transfer.learning.training.callbacks.callback import Callback, CallbackList
from transfer.learning.training.callbacks.checkpointing import Checkpointing
from transfer.learning.training.callbacks.early_stopping import EarlyStopping
from transfer.learning.training.callbacks.event_logging import EventLogging
from transfer.learning.training.callbacks.learning_rate import LearningRateSchedule
from transfer.learning.training.callbacks.progress import ProgressReporting
from transfer.learning.training.callbacks.stop import StopOnRequest
from transfer.learning.training.callbacks.terminate_on_nan import TerminateOnNaN
from transfer.learning.training.checkpoint import Checkpoint
from transfer.learning.training.data import EpochData, PhaseData, PhaseDataLoader
from transfer.learning.training.epoch import BlockOfSteps, EpochResult, Step, blocks
from transfer.learning.training.network import TrainedNetwork
from transfer.learning.training.optimizer import optimizer
from transfer.learning.training.phases import Phase, class_weights, phases
from transfer.learning.training.refinement import Refinement, refine
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.state import TrainingState
from transfer.learning.training.steps import Score, Steps, Tally
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


class Trainer:
    """The training of one run in this process.

    Args:
        run: its directory; the caller holds the run's lock.
        device: what to train on.
        reporter: where progress goes.
        dataset: its photos, without those that are of no use any more; None: as they were.
        callbacks: more of them; they come before the usual ones.
        store, dtype: where and how features are kept, if not as usual; see `FeatureExtractor`.

    Attributes:
        resumed_from: how many epochs an earlier process had done; None when there was none.
    """

    def __init__(
        self,
        run: Run,
        device: Device,
        reporter: Reporter,
        *,
        dataset: Dataset | None = None,
        callbacks: Iterable[Callback] = (),
        store: FeatureStore | None = None,
        dtype: str = "float16",
    ) -> None:
        self.config, self.dataset = run.config, dataset or run.dataset
        self._device, self._reporter = device, reporter
        self._inbox = inbox = Inbox(run.mailbox)
        log = EventLogging(run.log)
        reserve = run_bytes(self.config, self.dataset)
        self._extractor = FeatureExtractor(Workspace.of(run), device, reporter, inbox, store, dtype, reserve)
        self._network = TrainedNetwork(self.config, len(self.dataset.classes), device, reporter, self._extractor)
        self._data = PhaseDataLoader(self.config, self.dataset, self._network, self._extractor, device, reporter)
        checkpoint = Checkpoint(run.checkpoint, log.write)
        self._best = BestWeights(self.config, self._network, checkpoint)
        # Requests change what the epoch at hand is; then its loss is looked at; only then anything of it is kept.
        usual = [StopOnRequest(inbox), LearningRateSchedule(), TerminateOnNaN(), ProgressReporting(reporter)]
        usual += [self._best, log, EarlyStopping(), Checkpointing(checkpoint)]
        self._callbacks = CallbackList([*callbacks, *usual])
        self.resumed_from = checkpoint.state.step if checkpoint.state else None
        self._refinement: Refinement | None = None
        self._state = checkpoint.state or TrainingState(phase=phases(self.config)[0].name)

    def train(self) -> bool:
        """Train whatever is left to train.

        Returns:
            Whether it went to its end; False when the user stopped it.

        Raises:
            TrainingError: when the loss is no longer a number.
            WeightsError, ConfigError: from building the network.
        """
        self._callbacks.on_train_begin()
        plan = phases(self.config)
        if self._state.phase == plan[-1].name and self._state.phase_over:
            return True
        use_precision(self._device)
        if self.config.fine_tunes:
            self._network.classifier()  # built first, because both phases need it
        left = plan[[phase.name for phase in plan].index(self._state.phase) :]
        try:
            complete = all(self._train_phase(phase) for phase in left)
        except Stopped:
            complete = False
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk must not hide what went wrong before
                self._callbacks.on_train_end()
            raise
        self._callbacks.on_train_end()
        return complete

    @property
    def has_result(self) -> bool:
        """Whether there was an epoch."""
        return self._best.phase is not None

    def measured(self, split: Split) -> EpochData:
        """A split, and the network with the weights of the best epoch, in 32 bits.

        As in training, what frozen layers say is computed once and kept; where the head was best over photos that are
        known, the rest of the network need not even be built.
        """
        self._inbox.finish()
        if not self._reusable:
            size, batch_size = self._network.image_size, self.config.batch_size
            photos = PhotoSource(self.dataset, split, size, batch_size, self._reporter.skip)
            return EpochData(photos, self.result().model)
        use_precision(None)
        if self._refinement is not None:
            return self._data.measured_at_all_depths(split, self._refined_head(), self._refinement.choice.mirrored)
        self._best.restore_trained()
        return self._data.measured(next(each for each in phases(self.config) if each.name == self._best.phase), split)

    def refine(self) -> Refinement | None:
        """Compute a better head from what the frozen network sees, after the best epoch was measured; see `refinement`.

        Where it is better, `measured` and `result` are of it from now on.

        Returns:
            What came of it; None where there is none to be had, or the user asked to stop.
        """
        if not self.config.refines or not self._reusable or self._best.phase is None:
            return None
        self._inbox.go_on()
        message = "Looking for a better answer at several depths of the network; the first one is safe."
        self._reporter.begin("refine", message, 0)
        self._reporter.say()
        self._best.restore_trained()
        head = self._network.head
        try:
            refinement = refine(
                self.config,
                self.dataset,
                self._network.parts,
                self._data.features,
                lambda rows: np.asarray(head(rows.astype(np.float32), training=False)),
                class_weights(self.config, self.dataset),
            )
        except (Stopped, NotKept):
            return None
        finally:
            self._inbox.finish()
            self._extractor.release_engines()
        if refinement.better:
            self._refinement = refinement
        return refinement

    def result(self) -> Classifier:
        """The network with the weights of the best epoch, or refined, in 32 bits on one device.

        There must be a result.
        """
        use_precision(None)
        if self._refinement is not None:
            choice = self._refinement.choice
            head = self._refined_head(None if choice.share else self._network.parts[-1])
            return refined(self._network.classifier(), head, inner=choice.share > 0, mirrored=choice.mirrored)
        classifier = self._network.classifier() if self._reusable else build(self.config, len(self.dataset.classes))
        self._best.restore(classifier)
        return classifier

    def _refined_head(self, last: int | None = None) -> keras.Sequential:
        """The refined head: one layer that takes the features of all depths, or the `last` so many of them."""
        assert self._refinement is not None
        kernel, bias = self._refinement.kernel[-last if last else 0 :], self._refinement.bias
        answer = keras.layers.Dense(len(bias), activation="softmax", name="answer", dtype="float32")
        head = keras.Sequential([keras.Input(kernel.shape[:1]), answer], name="head")
        answer.set_weights([kernel, bias])
        return head

    @property
    def _reusable(self) -> bool:
        """Whether the network that was trained is one of 32 bits on one device."""
        return self._device.replicas == 1 and not self._device.mixed_precision

    def close(self) -> None:
        """Let go of the kept features."""
        self._extractor.close()

    def _train_phase(self, phase: Phase) -> bool:
        """Train one phase, or the rest of it. False when stopped."""
        if self._state.phase != phase.name:
            self._state = self._state.next_phase(phase.name)
        if self._state.phase_over:
            return True
        phase = dataclasses.replace(phase, **self._state.changed)
        session = self._session(phase, self._data.load(phase))
        data, weights = session.data, class_weights(self.config, self.dataset)
        measured = (data.validation or data.train).network
        steps = Steps(self._device, session.variables, session.optimizer, data.train.network, measured, weights)
        self._callbacks.on_phase_begin(session)
        while not (session.state.phase_over or session.stopping):
            self._train_epoch(session, steps)
        self._callbacks.on_phase_end(session)
        return not session.stopping

    def _session(self, phase: Phase, data: PhaseData) -> PhaseSession:
        variables = self._network.variables(phase.name)
        with self._device.strategy.scope():
            made = optimizer(self.config, phase.learning_rate, phase.epochs * data.train.steps)
            made.build(variables)
        return PhaseSession(phase, self._state, data, variables, made)

    def _train_epoch(self, session: PhaseSession, steps: Steps) -> None:
        state, data = session.state, session.data
        key = (self.config.seed, session.phase.index, session.epoch)
        self._callbacks.on_epoch_begin(session)
        self._network.reseed(key)
        began = time.monotonic()
        train, complete = self._go_over(session, data.train, steps.train, steps.train_block, key)
        trained = time.monotonic() - began
        if train is None:
            if complete:
                raise _nothing_left()
            return
        validation = None
        if complete and data.validation:
            self._callbacks.on_validation_begin(session)
            validation, complete = self._go_over(session, data.validation, steps.measure, steps.measure_block)
        result = EpochResult(
            epoch=session.epoch,
            step=state.step + 1,
            train=train,
            validation=validation,
            complete=complete,
            seconds=time.monotonic() - began,
            photos_per_second=train.photos / max(trained, 1e-6),
        )
        if complete:
            state.epoch += 1
            state.step += 1
            state.phase_over = state.epoch >= session.phase.epochs
        self._callbacks.on_epoch_end(session, result)

    def _go_over(
        self, session: PhaseSession, data: EpochData, step: Step, block_of_steps: BlockOfSteps, key: Key | None = None
    ) -> tuple[Score | None, bool]:
        """One time through some data: the score, None when there was not one photo, and whether it went to the end."""
        tally, taken = Tally(), 0
        with contextlib.closing(blocks(data, step, block_of_steps, tally, key)) as going:
            while not session.stopping and (block := next(going, None)):
                taken += block.steps
                self._callbacks.on_steps_end(session, block)
        return tally.score(), taken == data.steps


def _nothing_left() -> TrainingError:
    return TrainingError(
        "Not one training photo could be read any more.",
        expected="the photos to stay where they were when they were checked",
        fix="Check that the folder is still there (a removed disk?), then start again.",
    )
