"""The photo reader: photos are checked and made into small pictures by a program of their own, see `photo_server`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from transfer.dataset.integrity import Integrity
from transfer.errors import RunError
from transfer.messages.photo_questions import CheckPhotos, ContactSheets, Pictures, Preview, TakenAt, Thumbnails
from transfer.messages.questions import Question
from transfer.processes.client import Client

COMMAND = (sys.executable, "-m", "transfer.processes.photo_server")
LONGEST = 120.0  # seconds for one photo, or for some; a decoder that takes longer will never end
MANY = 500  # files whose first bytes are looked into at a time
ANSWER = 0.2  # seconds after which there should be news of a check
KILLED = "reading it ends the program that reads photos, so it is damaged, or made to do harm"


class PhotoReader:
    """A program of one's own that reads photos, started when it is first needed.

    Args:
        log_file: where its output goes.
    """

    def __init__(self, log_file: Path) -> None:
        self._client = Client(log_file, COMMAND, "program that reads photos")

    def check(self, paths: Sequence[Path]) -> Iterator[Integrity]:
        """Decode every photo; in the order given, each as soon as it is known."""
        begin, size = 0, 4
        while begin < len(paths):
            some, began = paths[begin : begin + size], time.monotonic()
            yield from self._check(some)
            begin += len(some)
            size = max(1, min(2 * size, 256, round(size * ANSWER / max(1e-3, time.monotonic() - began))))

    def _check(self, paths: Sequence[Path]) -> list[Integrity]:
        try:
            answer = self._client.ask(CheckPhotos(files=tuple(map(str, paths))), timeout=LONGEST)
        except RunError:
            if len(paths) == 1:
                return [Integrity("", KILLED)]
            return [each for path in paths for each in self._check([path])]  # which one is it?
        return [Integrity(digest, reason) for digest, reason in answer.photos]

    def taken(self, paths: Sequence[Path]) -> list[tuple[str, float] | None]:
        """The camera and when each was taken, in seconds; None where the file does not say, or cannot be read."""
        found: list[tuple[str, float] | None] = []
        for begin in range(0, len(paths), MANY):
            files = tuple(map(str, paths[begin : begin + MANY]))
            try:
                found += self._client.ask(TakenAt(files=files), timeout=LONGEST).taken
            except RunError:  # one of them ends the program; a split does not depend on it
                found += [None] * len(files)
        return found

    def thumbnails(self, paths: Sequence[Path], size: int) -> tuple[str | None, ...]:
        """Small pictures, at most `size` pixels wide and high, as WebP in base64; None for what cannot be read."""
        return self._pictures(Thumbnails(files=tuple(map(str, paths)), size=size), len(paths))

    def contact_sheets(self, sheets: Sequence[Sequence[Path]]) -> tuple[str | None, ...]:
        """Each list of photos on one picture."""
        return self._pictures(ContactSheets(sheets=tuple(tuple(map(str, sheet)) for sheet in sheets)), len(sheets))

    def preview(self, paths: Sequence[Path], strength: str) -> str | None:
        """Photos, each with what augmentation makes of it."""
        return self._pictures(Preview(files=tuple(map(str, paths)), strength=strength), 1)[0]

    def close(self) -> None:
        """End the program."""
        self._client.close()

    def _pictures(self, question: Question[Pictures], count: int) -> tuple[str | None, ...]:
        if not count:
            return ()
        try:
            return self._client.ask(question, timeout=LONGEST).pictures
        except RunError:  # a picture is not worth an error; a check of the photos names the one that it was
            return (None,) * count
