"""Changing: what a person wants otherwise comes into force between two epochs."""

from __future__ import annotations

from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.course import Course
from transfer.learning.training.epoch import EpochResult
from transfer.learning.training.session import PhaseSession


class Changing(Callback):
    """Before anything decides whether there is another epoch.

    Args:
        course: of the run.
    """

    def __init__(self, course: Course) -> None:
        self._course = course

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        if result.complete:
            self._course.steer(session)
