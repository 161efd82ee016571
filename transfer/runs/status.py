"""How a run is doing, as one word for programs and a sentence for people. What it follows from is in `Run.status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["queued", "running", "stopping", "interrupted", "finished", "stopped", "failed"]

TERMINAL: frozenset[str] = frozenset({"finished", "stopped", "failed"})
ALIVE: frozenset[str] = frozenset({"running", "stopping"})


@dataclass(frozen=True)
class Status:
    """How a run is doing, in one word and in a sentence; `place` is its 1-based place among the waiting runs."""

    state: State
    message: str
    place: int | None = None

    @property
    def alive(self) -> bool:
        """A worker is at it right now."""
        return self.state in ALIVE

    @property
    def over(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in TERMINAL or self.state == "interrupted"
