"""PhaseSession: the training of one phase, as callbacks see it and steer it. The loop itself is `trainer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from transfer.learning.training.data import PhaseData
from transfer.learning.training.phases import Phase
from transfer.learning.training.state import TrainingState


@dataclass
class PhaseSession:
    """A phase at work.

    Attributes:
        phase: with what was changed of it since it began.
        state: where it stands.
        data: what it learns from.
        variables: what it changes or has changed: what a checkpoint keeps.
        optimizer: changes them, or those of them that are not frozen any more.
        frozen_layers: as in `RunConfig`, of what the optimizer changes.
        since: epochs of the phase that were done when the optimizer was new.
        stopping: whether it is to end at the next step.
    """

    phase: Phase
    state: TrainingState
    data: PhaseData
    variables: Sequence[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    frozen_layers: int | None = None
    since: int = 0
    stopping: bool = False

    @property
    def epoch(self) -> int:
        """The number of the epoch that comes next, or is under way."""
        return self.state.epoch + 1

    def stop(self) -> None:
        """End at the next step; whether the run is evaluated then, or goes on some day, is not decided here."""
        self.stopping = True

    def turn_to(self, phase: Phase) -> None:
        """From the next epoch on the phase is like this. No more epochs than are done ends it."""
        self.phase = phase
        self.state.phase_over = self.state.epoch >= phase.epochs
