"""EarlyStopping: a phase ends when it no longer improves."""

from __future__ import annotations

from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.epoch import EpochResult
from transfer.learning.training.session import PhaseSession
from transfer.messages.events import EarlyStopped


class EarlyStopping(Callback):
    """Ends a phase after `Phase.patience` epochs without improvement."""

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        if not result.complete:
            return
        state, phase = session.state, session.phase
        if state.phase_best_loss is None or result.loss < state.phase_best_loss:
            state.phase_best_loss, state.phase_best_epoch, state.wait = result.loss, result.epoch, 0
        else:
            state.wait += 1
        if phase.patience and state.wait >= phase.patience and not state.phase_over:
            state.phase_over = True
            best = state.phase_best_epoch
            result.events.append(EarlyStopped(phase=phase.name, epoch=result.epoch, best_epoch=best))
