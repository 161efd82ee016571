"""StopOnRequest: training ends at the next step when somebody asked for it, and between two epochs for a pause."""

from __future__ import annotations

from transfer.learning.inbox import Inbox
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.epoch import Block, EpochResult
from transfer.learning.training.session import PhaseSession
from transfer.messages.requests import Pause, Stop

SOON = 20.0  # seconds that an epoch may take and is still finished before a pause; of a longer one the steps are lost


class StopOnRequest(Callback):
    """Args:
    inbox: the requests to the run.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._seconds = 0.0  # of the epoch before

    def on_epoch_begin(self, session: PhaseSession) -> None:
        self._look(session, pause=True)

    def on_steps_end(self, session: PhaseSession, block: Block) -> None:
        self._look(session, pause=not 0 < self._seconds < SOON)

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        self._seconds = result.seconds
        self._look(session, pause=True)

    def _look(self, session: PhaseSession, *, pause: bool) -> None:
        if self._inbox.has(Stop) or (pause and self._inbox.has(Pause)):
            session.stop()
