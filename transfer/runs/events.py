"""The event log of a run: append-only JSON lines with one writer at a time and any number of readers.

A reader never sees half an event: a line counts only once its newline is on disk, and a writer first cuts off
what a killed writer left unfinished. This module knows nothing of what the events mean; `run` does.
"""

from __future__ import annotations

import json
import os
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class EventLog:
    """One `events.jsonl`.

    Appending needs the run's lock (see `Run.lock`); reading needs nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: str, *, durable: bool = True, **data: Any) -> None:
        """Add one event. A torn last line of an earlier writer is cut off first.

        Args:
            event: its kind.
            durable: whether it survives a power failure from now on; if not, from the next durable one on.
                Readers see it at once either way, and it outlives this process.
            data: its fields, anything JSON can hold.
        """
        line = json.dumps({"time": time.time(), "event": event, **data}, allow_nan=False) + "\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+b") as file:
            end = _end_of_last_line(file)
            file.truncate(end)
            file.seek(end)
            file.write(line.encode())
            file.flush()
            if durable:
                os.fsync(file.fileno())

    def read(self) -> list[Event]:
        """All complete events, oldest first. Of progress events that follow each other only the newest is kept."""
        return _tail(self.path.resolve()).read()

    def last(self, *kinds: str) -> Event | None:
        """The newest event, or the newest of the given kinds."""
        return next((e for e in reversed(self.read()) if not kinds or e["event"] in kinds), None)

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
            return start + found + 1
        position = start
    return 0


class _Tail:
    """Reads a growing file once: each call parses only what was added since the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.events: list[Event] = []
        self.lock = threading.Lock()

    def read(self) -> list[Event]:
        with self.lock:
            try:
                with self.path.open("rb") as file:
                    if file.seek(0, os.SEEK_END) < self.offset:  # replaced by a shorter file: begin again
                        self.offset, self.events = 0, []
                    file.seek(self.offset)
                    added = file.read()
            except FileNotFoundError:
                self.offset, self.events = 0, []
                return []
            complete = added[: added.rfind(b"\n") + 1]
            self.offset += len(complete)
            for line in complete.splitlines():
                self._add(line)
            return list(self.events)

    def _add(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except ValueError:  # damage in the middle of a file must not hide the rest of it
            return
        if not isinstance(event, dict) or "event" not in event:
            return
        if event["event"] == "progress" and self.events and self.events[-1]["event"] == "progress":
            self.events[-1] = event
        else:
            self.events.append(event)


@lru_cache(maxsize=256)
def _tail(path: Path) -> _Tail:
    return _Tail(path)
