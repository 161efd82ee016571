"""Trainer: the two phases of transfer learning, epoch by epoch, resumable exactly.

First the head alone, then, where layers are unfrozen, these too at a lower learning rate, starting from the head's best
epoch. What an epoch does follows from (seed, phase, epoch) and the last checkpoint alone. This module knows the order
of things and nothing else: what happens at each point is in `callbacks`, what a phase learns from in `data`, what it
trains in `network`. Evaluation and export come after this, in `run_work`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator

import keras

from transfer.costs.space import run_bytes
from transfer.dataset.dataset import Dataset
from transfer.errors import TrainingError
from transfer.feature_store.store import FeatureStore
from transfer.learning.device import Device, use_precision
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox, Stopped
from transfer.learning.pipeline import Key
from transfer.learning.reporter import Reporter
from transfer.learning.training.callbacks.best_weights import BestWeights
from transfer.learning.training.callbacks.callback import Callback, CallbackList
from transfer.learning.training.callbacks.changing import Changing
from transfer.learning.training.callbacks.checkpointing import Checkpointing
from transfer.learning.training.callbacks.early_stopping import EarlyStopping
from transfer.learning.training.callbacks.event_logging import EventLogging
from transfer.learning.training.callbacks.learning_rate import LearningRateSchedule
from transfer.learning.training.callbacks.progress import ProgressReporting
from transfer.learning.training.callbacks.stop import StopOnRequest
from transfer.learning.training.callbacks.terminate_on_nan import TerminateOnNaN
from transfer.learning.training.checkpoint import Checkpoint
from transfer.learning.training.course import Course
from transfer.learning.training.data import EpochData, PhaseData, PhaseDataLoader
from transfer.learning.training.epoch import BlockOfSteps, EpochResult, Step, blocks
from transfer.learning.training.network import TrainedNetwork
from transfer.learning.training.optimizer import optimizer
from transfer.learning.training.outcome import Outcome
from transfer.learning.training.phases import PHASES, Phase, class_weights, phases
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.setup import Setup
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
        config: as it was chosen; what is in force by now, the `Course` knows.
        outcome: the network that came of it so far.
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
        self._course = Course(run, inbox, reporter)
        log = EventLogging(run.log)
        reserve = run_bytes(self.config, self.dataset)
        self._extractor = FeatureExtractor(Workspace.of(run), device, reporter, inbox, store, dtype, reserve)
        self._network = TrainedNetwork(self.config, len(self.dataset.classes), device, reporter, self._extractor)
        setup = Setup(self.config, self.dataset, self._network, self._extractor, device, reporter, inbox)
        self._data = PhaseDataLoader(setup)
        checkpoint = Checkpoint(run.checkpoint, log.write)
        self._best = BestWeights(self._network, checkpoint)
        self.outcome = Outcome(setup, self._data, self._best)
        # Requests change what the epoch at hand is; then its loss is looked at; only then anything of it is kept.
        usual = [StopOnRequest(inbox), Changing(self._course), LearningRateSchedule(), TerminateOnNaN()]
        usual += [ProgressReporting(reporter), self._best, log, EarlyStopping(), Checkpointing(checkpoint)]
        self._callbacks = CallbackList([*callbacks, *usual])
        self.resumed_from = checkpoint.state.step if checkpoint.state else None
        self._state = checkpoint.state or TrainingState(phase=phases(self.config)[0].name)

    def train(self) -> bool:
        """Train whatever is left to train.

        Returns:
            Whether it went to its end; False when the user stopped it, or wants it to pause.

        Raises:
            TrainingError: when the loss is no longer a number.
            WeightsError, ConfigError: from building the network.
        """
        self._callbacks.on_train_begin()
        self._network.divide(self._course.division(self._state))
        if self._state.phase_over and not list(self._phases_left()):
            self._course.end()
            return True
        use_precision(self._device)
        try:
            complete = all(self._train_phase(each) for each in self._phases_left())
            if complete:
                self._course.end()
        except Stopped:
            complete = False
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk must not hide what went wrong before
                self._callbacks.on_train_end()
            raise
        self._callbacks.on_train_end()
        return complete

    @property
    def pauses(self) -> bool:
        """Whether it ended to go on some day."""
        return self._inbox.pauses

    @property
    def epochs(self) -> int:
        """How many are done, over both phases."""
        return self._state.step

    def close(self) -> None:
        """Let go of the kept features."""
        self._extractor.close()

    def _phases_left(self) -> Iterator[str]:
        """The phases with something to do; each is looked for when the one before it is over."""
        for name in PHASES[PHASES.index(self._state.phase) :]:
            planned = [each.name for each in phases(self._course.config(self._state))]
            if name in planned and not (name == self._state.phase and self._state.phase_over):
                yield name

    def _train_phase(self, name: str) -> bool:
        """Train one phase, or the rest of it. False when stopped."""
        if self._state.phase != name:
            self._state = self._state.next_phase(name)
        if not self._state.epoch:
            self._course.turn(self._state)
        session = self._session(self._course.phase(self._state))
        self._callbacks.on_phase_begin(session)
        self._course.steer(session)  # by what was asked since its checkpoint was written
        steps = self._steps(session)
        while not (session.state.phase_over or session.stopping):
            if self._refreeze(session):
                steps = self._steps(session)
            self._train_epoch(session, steps)
        self._callbacks.on_phase_end(session)
        return not session.stopping

    def _session(self, phase: Phase) -> PhaseSession:
        """A phase that begins, or goes on where its checkpoint is."""
        state = self._state
        self._network.divide(self._course.division(state))
        if self._network.config.fine_tunes:
            self._network.classifier()  # built first, because both phases need it
        data, variables = self._data.load(phase), self._network.variables(phase.name)
        frozen_layers, since = self._course.frozen(state)
        made = self._optimizer(phase, data, frozen_layers)
        return PhaseSession(phase, state, data, variables, made, frozen_layers, since)

    def _refreeze(self, session: PhaseSession) -> bool:
        """Train other layers from now on, where that was asked for. Whether it was."""
        frozen_layers, before = self._course.config(session.state).frozen_layers, session.variables
        divided = self._network.config
        if session.phase.name == "head" or frozen_layers == session.frozen_layers:
            return False
        self._network.divide(self._course.division(session.state, next_too=True))
        try:
            session.data = self._data.load(session.phase)
        except BaseException:  # stopped, say: what is kept so far is of the network as it was divided before
            self._network.divide(divided)
            raise
        session.variables = self._network.variables(session.phase.name)
        self._best.take_in(session, before)
        session.optimizer = self._optimizer(session.phase, session.data, frozen_layers)
        session.frozen_layers, session.since = frozen_layers, session.state.epoch
        return True

    def _optimizer(self, phase: Phase, data: PhaseData, frozen_layers: int | None) -> keras.optimizers.Optimizer:
        with self._device.strategy.scope():
            made = optimizer(self.config, phase.learning_rate, phase.epochs * data.train.steps)
            made.build(self._network.trained(phase.name, frozen_layers))
        return made

    def _steps(self, session: PhaseSession) -> Steps:
        data, weights = session.data, class_weights(self.config, self.dataset)
        trained = self._network.trained(session.phase.name, session.frozen_layers)
        measured = (data.validation or data.train).network
        return Steps(self._device, trained, session.optimizer, data.train.network, measured, weights)

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
