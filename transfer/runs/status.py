"""How a run is doing, as one word for programs and a sentence for people.

It is never stored: it follows from the run's last event and from whether somebody holds its lock, so that a killed
process can leave no lie behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from transfer.messages.events import Died, Event, Failed, Finished, Launched, Resumed, Stopped

State = Literal["queued", "running", "stopping", "interrupted", "finished", "stopped", "failed"]

TERMINAL: frozenset[str] = frozenset({"finished", "stopped", "failed"})
ALIVE: frozenset[str] = frozenset({"running", "stopping"})

# Seconds a launched worker may take to import TensorFlow and take its lock before it counts as dead for those
# who did not start it. Its own supervisor sees its death at once.
GRACE = 120.0


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


def waits(last: Event | None) -> bool:
    """Whether a run with this last event waits for its turn."""
    return last is None or isinstance(last, Resumed)


def status(
    last: Event | None,
    *,
    locked: Callable[[], bool],
    stop_asked: Callable[[], bool],
    place: Callable[[], int],
    doing: str,
    keeps: str,
) -> Status:
    """The status of a run or a study.

    Args:
        last: its last event.
        locked: whether a worker holds its lock; this and the others are only asked where it matters.
        stop_asked: whether somebody asked it to stop.
        place: its place among those that wait.
        doing: what its worker does; the beginning of a sentence.
        keeps: what is left when it is stopped.
    """
    if isinstance(last, Finished):
        return Status("finished", "Finished.")
    if isinstance(last, Stopped):
        return Status("stopped", f"Stopped by you; {keeps} was kept.")
    if isinstance(last, Failed):
        return Status("failed", last.as_error.what)
    if isinstance(last, Died):
        return Status("interrupted", last.message)
    if waits(last):
        number = place()
        return Status("queued", "Next in line." if number == 1 else f"Waiting: number {number} in line.", number)
    starting = isinstance(last, Launched) and time.time() - last.time < GRACE
    if not starting and not locked():
        return Status("interrupted", f"{doing} ended without saying why.")
    if stop_asked():
        return Status("stopping", f"Stopping: {keeps} is kept.")
    return Status("running", f"{doing}.")
