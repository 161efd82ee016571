"""StopOnRequest: training ends at the next step when somebody asked for it."""

from __future__ import annotations

from transfer.learning.inbox import Inbox
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.epoch import Block, EpochResult
from transfer.learning.training.session import PhaseSession
from transfer.messages.requests import Stop


class StopOnRequest(Callback):
    """Args:
    inbox: the requests to the run.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def on_epoch_begin(self, session: PhaseSession) -> None:
        self._look(session)

    def on_steps_end(self, session: PhaseSession, block: Block) -> None:
        self._look(session)

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        self._look(session)

    def _look(self, session: PhaseSession) -> None:
        if self._inbox.has(Stop):
            session.stop()
