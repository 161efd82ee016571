"""Checking a folder while somebody watches: the scan runs in a thread, the watcher sees how far it is and may leave.

Leaving (closing the generator) stops the scan at the next photo.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import progress_bar
from transfer.errors import TransferError
from transfer.runs.progress import duration

T = TypeVar("T")

POLL = 0.2  # seconds between two looks


class _Stopped(Exception):
    """Raised inside the work when nobody is watching any more."""


@dataclass(frozen=True)
class CheckProgress:
    """How far the work is: `done` of `total` photos after `seconds`."""

    done: int
    total: int
    seconds: float

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the speed so far, once that means anything."""
        if self.done == 0 or self.seconds < 0.5:
            return None
        return self.seconds / self.done * (self.total - self.done)

    @property
    def message(self) -> str:
        """Such as "120 of 398 photos, about 3 s left"."""
        if not self.total:
            return "Looking at the folders …"
        left = "" if self.eta_seconds is None else f", about {duration(self.eta_seconds)} left"
        return f"{self.done:,} of {self.total:,} photos{left}"


@dataclass
class Watched(Generic[T]):
    """Work that reports its progress through a callback, watched from outside.

    Args:
        work: called in a thread with `progress(done, total)`.
    """

    work: Callable[[Callable[[int, int], None]], T]
    result: T | None = None
    _error: BaseException | None = None
    _counts: tuple[int, int] = (0, 0)
    _stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> Generator[CheckProgress, None, None]:
        """Yield the progress until the work is done; then `result` is there.

        Raises:
            TransferError: what the work raised.
        """
        begun = time.monotonic()
        thread = threading.Thread(target=self._run, name="checking photos", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(POLL)
                yield CheckProgress(*self._counts, time.monotonic() - begun)
        finally:
            self._stop.set()
        if self._error is not None:
            raise self._error

    def _tell(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        self._counts = (done, total)

    def _run(self) -> None:
        try:
            self.result = self.work(self._tell)
        except _Stopped:
            pass
        except TransferError as error:
            self._error = error
        except Exception as error:  # a mistake of ours: the watcher raises it where it is seen
            self._error = error


def checking_bar(title: str, progress: CheckProgress | None = None) -> Markup:
    """A bar that fills, with what is being done and how long it will still take."""
    share = progress.done / progress.total if progress and progress.total else 0.0
    bar = html.div("t-checking", **progress_bar(title, share))
    return bar[
        html.p[html.b[title], f" {progress.message}" if progress else ""],
        html.div[html.i(style=f"width:{share:.1%}")],
    ]
