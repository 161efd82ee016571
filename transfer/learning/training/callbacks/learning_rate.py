"""LearningRateSchedule: the optimizer follows the phase, also when that was changed while it trained."""

from __future__ import annotations

from typing import Any

from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.optimizer import set_learning_rate
from transfer.learning.training.session import PhaseSession


class LearningRateSchedule(Callback):
    """Sets the learning rate and the steps over which it sinks, before each epoch for which they changed."""

    def __init__(self) -> None:
        self._current: tuple[Any, ...] = ()

    def on_epoch_begin(self, session: PhaseSession) -> None:
        phase, steps = session.phase, session.data.train.steps
        wanted = (phase.learning_rate, phase.epochs * steps, session.since * steps)
        if (session.optimizer, *wanted) != self._current:
            set_learning_rate(session.optimizer, *wanted)
            self._current = (session.optimizer, *wanted)
