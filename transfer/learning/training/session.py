"""PhaseSession: the training of one phase, as callbacks see it and steer it. The loop itself is `trainer`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
        variables: what it changes.
        optimizer: changes them.
        stopping: whether it is to end at the next step.
    """

    phase: Phase
    state: TrainingState
    data: PhaseData
    variables: Sequence[keras.Variable]
    optimizer: keras.optimizers.Optimizer
    stopping: bool = False

    @property
    def epoch(self) -> int:
        """The number of the epoch that comes next, or is under way."""
        return self.state.epoch + 1

    def stop(self) -> None:
        """End at the next step; what follows in the run is evaluated with the best state so far."""
        self.stopping = True

    def change(self, **changed: Any) -> None:
        """Change the phase from the next epoch on. It is part of the checkpoint, so a resumed run goes on with it.

        Args:
            changed: `epochs`, `learning_rate` or `patience`, as in `Phase`. No more epochs than are done ends it.
        """
        self.phase = dataclasses.replace(self.phase, **changed)
        self.state.changed |= changed
        self.state.phase_over = self.state.epoch >= self.phase.epochs
