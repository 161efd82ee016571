"""TerminateOnNaN: training ends with an error that says what to try when the loss is no longer a number."""

from __future__ import annotations

import math
import time

from transfer.errors import TrainingError
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.epoch import Block, EpochResult
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.steps import Score

LOOK = 0.5  # seconds between two looks at the loss, each of which waits for the device


class TerminateOnNaN(Callback):
    """Raises `TrainingError` within an epoch, and before anything of it is kept."""

    def __init__(self) -> None:
        self._next_look = time.monotonic() + LOOK

    def on_steps_end(self, session: PhaseSession, block: Block) -> None:
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK
            self._check(session, session.epoch, block.tally.score())

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        for score in (result.train, result.validation):
            self._check(session, result.epoch, score)

    @staticmethod
    def _check(session: PhaseSession, epoch: int, score: Score | None) -> None:
        if score is None or math.isfinite(score.loss):
            return
        rate = session.phase.learning_rate
        setting = "head_learning_rate" if session.phase.name == "head" else "fine_tune_learning_rate"
        raise TrainingError(
            f"The loss became {'infinite' if math.isinf(score.loss) else 'NaN (not a number)'} "
            f"in round {epoch}: the corrections were so large that the network fell apart.",
            expected="a loss that is a number and sinks",
            found=f"a learning rate of {rate:g} ({setting})",
            fix=f"Start again with a learning rate of {rate / 10:g} or {rate / 100:g}.",
        )
