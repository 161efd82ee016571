"""The event log of a run: append-only JSON lines with one writer at a time and any number of readers.

A reader never sees half an event: a line counts only once its newline is on disk, and a writer first cuts off
what a killed writer left unfinished. What can happen is in `messages.events`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from transfer.messages.events import Event, Launched, Progressed
from transfer.runs.json_lines import JsonLines

E = TypeVar("E", bound=Event)


class EventLog:
    """One `events.jsonl`.

    Appending needs the run's lock (see `Run.lock`); reading needs nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = _lines(path.absolute())

    def append(self, event: Event, *, durable: bool = True) -> None:
        """Add one event, with the time it is now. A torn last line of an earlier writer is cut off first.

        Args:
            event: what happened.
            durable: whether it survives a power failure from now on; if not, from the next durable one on.
                Readers see it at once either way, and it outlives this process.

        Raises:
            OSError: the disk is full; nothing of it was written.
        """
        line = json.dumps(dataclasses.replace(event, time=time.time()).to_dict(), allow_nan=False) + "\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            end = _end_of_last_line(file)
            file.truncate(end)
            file.seek(end)
            left = memoryview(line.encode())
            try:
                while left:
                    left = left[file.write(left) :]
                if durable:
                    os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise

    def read(self) -> list[Event]:
        """All complete events, oldest first. Of progress events that follow each other, and launches, the newest."""
        return self._lines.read()

    def last(self) -> Event | None:
        """The newest event."""
        return self._lines.last()

    def newest(self, kind: type[E]) -> E | None:
        """The newest event of a kind."""
        return next((event for event in reversed(self.read()) if isinstance(event, kind)), None)

    def all(self, kind: type[E]) -> list[E]:
        """The events of a kind, oldest first."""
        return [event for event in self.read() if isinstance(event, kind)]

    def size(self) -> int:
        """Bytes written so far: a cheap way to see whether anything is new."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0


def _end_of_last_line(file: Any) -> int:
    """Offset just behind the last newline."""
    position = file.seek(0, os.SEEK_END)
    while position > 0:
        start = max(0, position - 4096)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return int(start + found + 1)
        position = start
    return 0


@lru_cache(maxsize=256)
def _lines(path: Path) -> JsonLines[Event]:
    return JsonLines(path, Event.from_dict, _replaces)


def _replaces(new: Event, old: Event) -> bool:
    return type(new) is type(old) and isinstance(new, Progressed | Launched)
