"""LearningRateSchedule: the optimizer follows the phase, also when that was changed while it trained."""

from __future__ import annotations

from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.optimizer import set_learning_rate
from transfer.learning.training.session import PhaseSession


class LearningRateSchedule(Callback):
    """Sets the learning rate and the steps over which it sinks, before each epoch for which they changed."""

    def __init__(self) -> None:
        self._current: tuple[str, float, int] | None = None

    def on_epoch_begin(self, session: PhaseSession) -> None:
        phase = session.phase
        wanted = (phase.name, phase.learning_rate, phase.epochs * session.data.train.steps)
        if wanted != self._current:
            set_learning_rate(session.optimizer, *wanted[1:])
            self._current = wanted
