"""How a run is doing, as one word for programs and a sentence for people.

It is never stored: it follows from the run's last event and from whether somebody holds its lock, so that a killed
process can leave no lie behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from transfer.messages.endings import Died, Failed, Finished, Interrupted, Paused, Resumed, Stopped
from transfer.messages.events import Event, Launched
from transfer.messages.requests import Pause, Request, Stop
from transfer.runs.process import lives

State = Literal["queued", "running", "stopping", "pausing", "paused", "interrupted", "finished", "stopped", "failed"]

TERMINAL: frozenset[str] = frozenset({"finished", "stopped", "failed"})
ALIVE: frozenset[str] = frozenset({"running", "stopping", "pausing"})
HALTED = (Died, Interrupted, Paused)
"""The last events of work that ended and can go on."""

# Seconds until a launched worker counts as dead of which nobody knows the process: its supervisor was killed between
# starting it and telling so, an earlier version did not tell, or the system does not say whose a connection is.
GRACE = 10.0


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
        return self.state in TERMINAL or self.state in {"interrupted", "paused"}


def waits(last: Event | None) -> bool:
    """Whether a run with this last event waits for its turn."""
    return last is None or isinstance(last, Resumed)


def status(
    last: Event | None,
    *,
    locked: Callable[[], bool],
    asked: Callable[[type[Request]], bool],
    place: Callable[[], int],
    full: Callable[[], bool],
    doing: str,
    keeps: str,
) -> Status:
    """The status of a run or a study.

    Args:
        last: its last event.
        locked: whether a worker holds its lock; this and the others are only asked where it matters.
        asked: whether somebody asked this of it.
        place: its place among those that wait.
        full: whether nothing more can be written to its disk.
        doing: what its worker does; the beginning of a sentence.
        keeps: what is left when it is stopped.
    """
    if isinstance(last, Finished):
        return Status("finished", "Finished.")
    if isinstance(last, Stopped):
        return Status("stopped", last.message or f"Stopped by you; {keeps} was kept.")
    if isinstance(last, Interrupted):
        return Status("interrupted", last.as_error.what)
    if isinstance(last, Failed):
        return Status("failed", last.as_error.what)
    if isinstance(last, Paused):
        return Status("paused", last.message)
    if isinstance(last, Died):
        return Status("interrupted", last.message)
    if waits(last):
        number = place()
        if full():
            return Status("queued", "Waiting for room: the disk is full.", number)
        return Status("queued", "Next in line." if number == 1 else f"Waiting: number {number} in line.", number)
    if not locked() and not (isinstance(last, Launched) and _begins(last)):
        why = "The disk is full, so it could not say why." if full() else "It did not say why."
        return Status("interrupted", f"{doing} ended. {why}")
    if asked(Stop):
        return Status("stopping", f"Stopping: {keeps} is kept.")
    if asked(Pause):
        return Status("pausing", "Pausing: it leaves as soon as little is lost, and goes on when you like.")
    return Status("running", f"{doing}.")


def _begins(launched: Launched) -> bool:
    """Whether the worker is about to take its lock."""
    if launched.pid is None:
        return time.time() - launched.time < GRACE
    return lives(launched.pid, launched.began)
