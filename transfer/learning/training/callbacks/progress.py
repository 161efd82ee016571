"""ProgressReporting: how far a phase is, in steps of training and validation."""

from __future__ import annotations

from transfer.learning.reporter import Reporter
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.data import PhaseData
from transfer.learning.training.epoch import Block
from transfer.learning.training.session import PhaseSession


class ProgressReporting(Callback):
    """Args:
    reporter: where progress goes.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._data: PhaseData | None = None
        self._warm = False

    def on_epoch_begin(self, session: PhaseSession) -> None:
        if self._data is not session.data:  # getting it ready was another stretch of work
            self._data, self._warm, done = session.data, False, session.state.epoch * session.data.steps
            self._reporter.begin("train", "", _total(session), "steps", done=done)
        self._turn_to(session, "train", session.phase.description)

    def on_validation_begin(self, session: PhaseSession) -> None:
        self._turn_to(session, "validate", "looking at the validation photos")

    def on_steps_end(self, session: PhaseSession, block: Block) -> None:
        advance = self._reporter.advance if self._warm else self._reporter.warm_up  # which waits for the compiler
        advance(self._reporter.done + block.steps, block.photos)
        self._warm = True

    def _turn_to(self, session: PhaseSession, stage: str, doing: str) -> None:
        message = f"Round {session.epoch} of {session.phase.epochs}: {doing}."
        self._reporter.turn_to(stage, message, _total(session))
        self._reporter.advance(self._reporter.done)  # the first step of a phase may take long


def _total(session: PhaseSession) -> int:
    return session.phase.epochs * session.data.steps
