"""Inbox: what people asked of the run this process works on, read often enough to seem immediate and seldom enough to
cost nothing. Where requests lie is `runs.mailbox`; what follows from one is decided by the callback that asks for it.
"""

from __future__ import annotations

import time

from transfer.messages.requests import Pause, Request, Stop
from transfer.runs.mailbox import Mailbox

LOOK = 0.2  # seconds between two looks into the mailbox


class Stopped(Exception):
    """The user asked to stop or pause while there was nothing that could be kept half done."""


class Inbox:
    """The requests to one run.

    Args:
        mailbox: of the run.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._requests: list[Request] = []
        self._next_look = 0.0
        self._heeded: tuple[type[Request], ...] = (Stop, Pause)

    def read(self) -> list[Request]:
        """All requests so far, oldest first. Cheap enough to be called at every step."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK
            self._requests = self._mailbox.read()
        return self._requests

    def has(self, *kinds: type[Request]) -> bool:
        """Whether something of one of these kinds was asked for."""
        return any(isinstance(request, kinds) for request in self.read())

    @property
    def pauses(self) -> bool:
        """Whether the user wants it out of the way for a while, and did not ask to stop."""
        return self.has(Pause) and not self.has(Stop)

    def raise_if_stopped(self) -> None:
        """Raises `Stopped` when the user asked to stop or pause."""
        if self.has(*self._heeded):
            raise Stopped

    def go_on(self) -> None:
        """After `finish`: what begins now may be stopped again; a pause would come too late to be worth it."""
        self._heeded = (Stop,)

    def finish(self) -> None:
        """From now on what is begun is finished, whatever was asked: a stopped run is measured, too."""
        self._heeded = ()
