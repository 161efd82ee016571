"""JSON lines: a file that only grows, of which a reader parses each line once. What they mean is not known here."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_BYTES = 1_000_000
"""A line longer than this is damage, too: nothing that is ever written comes near."""


class JsonLines(Generic[T]):
    """The lines of a growing file, each parsed when it is first seen.

    Args:
        path: the file; it need not be there yet.
        parse: makes an item of a line's value; None for one to pass over.
        replaces: whether an item takes the place of the one before it.
    """

    def __init__(
        self, path: Path, parse: Callable[[Any], T | None], replaces: Callable[[T, T], bool] = lambda new, old: False
    ) -> None:
        self.path = path
        self._parse, self._replaces = parse, replaces
        # Bytes read, and what they were: replaced as one, so that Ctrl-C in the middle of a look loses nothing.
        self._known: tuple[int, tuple[T, ...]] = (0, ())
        self._lock = threading.Lock()

    def read(self) -> list[T]:
        """All items so far. A line counts only once its newline is there."""
        with self._lock:
            return list(self._look())

    def last(self) -> T | None:
        """The newest item."""
        with self._lock:
            items = self._look()
            return items[-1] if items else None

    def _look(self) -> tuple[T, ...]:
        offset, known = self._known
        try:
            size = self.path.stat().st_size
            if size < offset:  # replaced by a shorter file: begin again
                offset, known = 0, ()
            if size == offset:
                return known
            with self.path.open("rb") as file:
                file.seek(offset)
                added = file.read()
        except FileNotFoundError:
            self._known = 0, ()
            return ()
        complete = added[: added.rfind(b"\n") + 1]
        items = list(known)
        for line in complete.splitlines():
            if (item := self._item(line)) is not None:
                if items and self._replaces(item, items[-1]):
                    items.pop()
                items.append(item)
        self._known = offset + len(complete), tuple(items)
        return self._known[1]

    def _item(self, line: bytes) -> T | None:
        if len(line) > MOST_BYTES:
            return None
        try:
            return self._parse(json.loads(line, parse_int=_whole, parse_float=_finite, parse_constant=_finite))
        except (ValueError, RecursionError):  # damage in the middle of a file must not hide the rest of it
            return None


def _whole(text: str) -> int:
    if len(text) > 19:  # more than any counter counts, and Python would calculate with it as it stands
        raise ValueError(f"{text[:20]}… is no number that was written here")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number that was written here")
    return value
