"""Checkpointing: from any moment a resumed run goes on exactly as if it had not been interrupted; see `Checkpoint`."""

from __future__ import annotations

from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.checkpoint import Checkpoint
from transfer.learning.training.epoch import EpochResult
from transfer.learning.training.session import PhaseSession


class Checkpointing(Callback):
    """The last of all callbacks: what the others left in the state is what a resume finds."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def on_train_begin(self) -> None:
        self._checkpoint.catch_up()

    def on_phase_begin(self, session: PhaseSession) -> None:
        if session.state.epoch:
            self._checkpoint.restore(session.variables, session.optimizer.variables)

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        if result.complete:
            weights, optimizer = session.variables, session.optimizer.variables
            self._checkpoint.add(session.state, result.events, weights, optimizer, best=result.best)
        else:  # not a state to go on from: the checkpoint stays at the epoch before
            self._checkpoint.write()
            self._checkpoint.log(result.events)

    def on_train_end(self) -> None:
        self._checkpoint.write()
