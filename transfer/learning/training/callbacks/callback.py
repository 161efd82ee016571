"""Callback: what can be done at each point of a training, as in Keras. The points, in order, are told by `trainer`."""

from __future__ import annotations

from collections.abc import Iterable

from transfer.learning.training.epoch import Block, EpochResult
from transfer.learning.training.session import PhaseSession


class Callback:
    """Does nothing at any point; a descendant overrides what it needs. See `PhaseSession` for what it can change."""

    def on_train_begin(self) -> None:
        """Before anything is computed, also when a resumed run has nothing left to train."""

    def on_train_end(self) -> None:
        """After everything, also when it ended with an error."""

    def on_phase_begin(self, session: PhaseSession) -> None:
        """The network, the data and the optimizer are ready; also in a phase that is resumed."""

    def on_phase_end(self, session: PhaseSession) -> None:
        """The phase is over, or was stopped."""

    def on_epoch_begin(self, session: PhaseSession) -> None:
        """Before the first step of an epoch."""

    def on_validation_begin(self, session: PhaseSession) -> None:
        """The training photos of an epoch are done, the validation photos come next."""

    def on_steps_end(self, session: PhaseSession, block: Block) -> None:
        """Between two steps, or blocks of steps, of training and validation; must cost next to nothing."""

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        """After an epoch, also one that was broken off; `session.state` counts it when it is complete."""


class CallbackList(Callback):
    """Several callbacks as one, in their order."""

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self.callbacks = list(callbacks)

    def on_train_begin(self) -> None:
        for callback in self.callbacks:
            callback.on_train_begin()

    def on_train_end(self) -> None:
        for callback in self.callbacks:
            callback.on_train_end()

    def on_phase_begin(self, session: PhaseSession) -> None:
        for callback in self.callbacks:
            callback.on_phase_begin(session)

    def on_phase_end(self, session: PhaseSession) -> None:
        for callback in self.callbacks:
            callback.on_phase_end(session)

    def on_epoch_begin(self, session: PhaseSession) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(session)

    def on_validation_begin(self, session: PhaseSession) -> None:
        for callback in self.callbacks:
            callback.on_validation_begin(session)

    def on_steps_end(self, session: PhaseSession, block: Block) -> None:
        for callback in self.callbacks:
            callback.on_steps_end(session, block)

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(session, result)
