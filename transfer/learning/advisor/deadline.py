"""Deadline: an inbox that also ends work when its time is up, so that whatever can be stopped can be out of time."""

from __future__ import annotations

import time

from transfer.learning.inbox import Inbox
from transfer.runs.mailbox import Mailbox


class OutOfTime(Exception):
    """The time that was set for a study is over."""


class Deadline(Inbox):
    """The requests to a study, and its time limit.

    Args:
        mailbox: of the study.
        seconds: from now on.
    """

    def __init__(self, mailbox: Mailbox, seconds: float) -> None:
        super().__init__(mailbox)
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Below 0 when the time is up."""
        return self._end - time.monotonic()

    def raise_if_stopped(self) -> None:
        """Raises `Stopped` when the user asked to stop, `OutOfTime` when the time is up."""
        super().raise_if_stopped()
        if self.seconds_left <= 0:
            raise OutOfTime
