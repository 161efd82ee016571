"""TrainingState: where training stands between two epochs; with the checkpoint's variables all that a resume needs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

# What version 0.1 called them.
_FORMER = {"value": "best_loss", "phase_value": "phase_best_loss", "phase_epoch": "phase_best_epoch"}


@dataclass
class TrainingState:
    """Where training stands.

    Attributes:
        phase, epoch: epochs of this phase that are done.
        step: epochs of both phases that are done.
        best_loss: the lowest loss so far over both phases, and None before the first epoch.
        phase_best_loss, phase_best_epoch: the lowest loss of this phase, and its epoch.
        wait: epochs of this phase without improvement.
        phase_over: nothing more to do in this phase.
    """

    phase: str = "head"
    epoch: int = 0
    step: int = 0
    best_loss: float | None = None
    phase_best_loss: float | None = None
    phase_best_epoch: int = 0
    wait: int = 0
    phase_over: bool = False

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainingState:
        """The state that `dataclasses.asdict` gave, in whatever version."""
        known = {field.name for field in fields(cls)}
        named = {_FORMER.get(name, name): value for name, value in data.items()}
        return cls(**{name: value for name, value in named.items() if name in known})

    def next_phase(self, phase: str) -> TrainingState:
        """Where training stands when another phase begins."""
        return TrainingState(phase=phase, step=self.step, best_loss=self.best_loss)
