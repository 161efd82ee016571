"""Inbox: what people asked of the run this process works on, read often enough to seem immediate and seldom enough to
cost nothing. Where requests lie is `runs.mailbox`; what follows from one is decided by the callback that asks for it.
"""

from __future__ import annotations

import time

from transfer.messages.requests import Request, Stop
from transfer.runs.mailbox import Mailbox

LOOK = 0.2  # seconds between two looks into the mailbox


class Stopped(Exception):
    """The user asked to stop while there was nothing that could be kept half done."""


class Inbox:
    """The requests to one run.

    Args:
        mailbox: of the run.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._requests: list[Request] = []
        self._next_look = 0.0
        self._stoppable = True

    def read(self) -> list[Request]:
        """All requests so far, oldest first. Cheap enough to be called at every step."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK
            self._requests = self._mailbox.read()
        return self._requests

    def has(self, kind: type[Request]) -> bool:
        """Whether something of this kind was asked for."""
        return any(isinstance(request, kind) for request in self.read())

    def raise_if_stopped(self) -> None:
        """Raises `Stopped` when the user asked to stop."""
        if self._stoppable and self.has(Stop):
            raise Stopped

    def go_on(self) -> None:
        """After `finish`: what begins now may be stopped again."""
        self._stoppable = True

    def finish(self) -> None:
        """From now on what is begun is finished, whatever was asked: a stopped run is measured, too."""
        self._stoppable = False
