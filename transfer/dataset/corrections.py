"""Corrections: what people decided about single photos of a folder, kept beside the data set and never in it.

One file per photo folder, one line per decision, the last one about a photo counts; to undo is a decision as well, so
nothing is ever written over. A photo is known by the digest of its content: one that was changed since is not silently
corrected, and exact copies are corrected together. `scan` applies them, so every later run over the folder has them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from transfer.dataset.dataset import Corrected, Dataset, LeftOut, Photo
from transfer.errors import PhotosError

KEEP, MOVE, LEAVE_OUT, UNDO = "keep", "move", "leave out", "undo"
_GONE = "after the corrections there are too few photos of it left to learn from"


@dataclass(frozen=True)
class Correction:
    """A decision about a photo.

    Attributes:
        path: where it was, relative to the folder.
        digest: SHA-256 of its content, in hex.
        act: keep (it is right as it is), move or leave out.
        to: the class that it is moved to.
        time: when it was decided, Unix time.
    """

    path: str
    digest: str
    act: str
    to: str = ""
    time: float = dataclasses.field(default_factory=time.time)


class Corrections:
    """Those of one photo folder. What was decided since it was opened is not in it: open it anew.

    Args:
        folder: where such files are kept.
        photos: the photo folder.
    """

    def __init__(self, folder: Path, photos: str | Path) -> None:
        self.photos = str(photos)
        self.file = folder / f"{hashlib.sha256(self.photos.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}.jsonl"

    @cached_property
    def all(self) -> dict[str, Correction]:
        """Those in force, by the digest of the photo, in the order in which they were decided."""
        found: dict[str, Correction] = {}
        for line in self._lines():
            with contextlib.suppress(KeyError, TypeError, ValueError):
                path, digest, act, to = (str(line[name]) for name in ("path", "digest", "act", "to"))
                made = Correction(path, digest, act, to, float(line["time"]))
                found.pop(made.digest, None)
                if made.act != UNDO:
                    found[made.digest] = made
        return found

    @cached_property
    def copies(self) -> list[tuple[str, str]]:
        """Digests of photos that were found to show the same, two and two."""
        found = []
        for line in self._lines():
            with contextlib.suppress(KeyError, TypeError, ValueError):
                found += [(str(first), str(second)) for first, second in line["copies"]]
        return found

    def add(self, made: Iterable[Correction]) -> None:
        """Decide.

        Raises:
            OSError: the disk refuses.
        """
        self._append([dataclasses.asdict(each) for each in made])

    def undo(self, digests: Iterable[str] | None = None) -> None:
        """Take decisions back; all of them where none are named."""
        taken = list(self.all.values()) if digests is None else [self.all[each] for each in digests if each in self.all]
        self.add(dataclasses.replace(each, act=UNDO, to="", time=time.time()) for each in taken)

    def add_copies(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember photos that show the same, for a split that keeps them together."""
        known = set(self.copies)
        if new := [pair for pair in dict.fromkeys(pairs) if pair not in known]:
            self._append([{"copies": new}])

    def apply(self, dataset: Dataset) -> Dataset:
        """The dataset with corrected labels and without what is left out; every photo stays in its split.

        Raises:
            PhotosError: when fewer than two classes would be left.
        """
        if not self.all:
            return dataset
        labels = {name: label for label, name in enumerate(dataset.classes)}
        photos: list[Photo] = []
        left_out, corrected = list(dataset.left_out), list[Corrected]()
        for photo in dataset.photos:
            made, name = self.all.get(photo.digest), dataset.classes[photo.label]
            if made is not None and made.act == LEAVE_OUT:
                left_out.append(LeftOut(photo.path, f"you left it out; its folder says “{name}”"))
                corrected.append(Corrected(photo.path, photo.digest, name, ""))
            elif made is not None and made.act == MOVE and made.to in labels and made.to != name:
                photos.append(dataclasses.replace(photo, label=labels[made.to]))
                corrected.append(Corrected(photo.path, photo.digest, name, made.to))
            else:
                photos.append(photo)
        changed = dataclasses.replace(
            dataset, photos=tuple(photos), left_out=tuple(left_out), corrections=tuple(corrected)
        )
        return _without_empty(changed)

    def _lines(self) -> list[Mapping[str, Any]]:
        try:
            written = self.file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        lines: list[Mapping[str, Any]] = []
        for text in written.splitlines():
            with contextlib.suppress(ValueError):  # torn by a power failure
                if isinstance(line := json.loads(text), dict):
                    lines.append(line)
        return lines

    def _append(self, lines: list[dict[str, Any]]) -> None:
        if not lines:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        about = [] if self.file.exists() else [{"photos": self.photos}]
        # Each line begins with a break: what a killed writer left half done does not take the next one with it.
        text = "".join(f"\n{json.dumps(line)}" for line in [*about, *lines])
        with self.file.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.__dict__.pop("all", None)
        self.__dict__.pop("copies", None)


def in_words(corrections: Iterable[Corrected]) -> str:
    """How many there are of which kind: "12 corrections: 8 moved, 4 left out"."""
    made = list(corrections)
    moved = sum(bool(each.now) for each in made)
    parts = [f"{count} {what}" for count, what in ((moved, "moved"), (len(made) - moved, "left out")) if count]
    return f"{len(made)} correction{'s' if len(made) != 1 else ''}: {', '.join(parts)}" if made else "no corrections"


def _without_empty(dataset: Dataset) -> Dataset:
    """Classes of which too little is left go as well."""
    different: list[set[str]] = [set() for _ in dataset.classes]
    trained = {photo.label for photo in dataset.of("train")}
    for photo in dataset.photos:
        different[photo.label].add(photo.digest)
    kept = [label for label, digests in enumerate(different) if len(digests) >= 2 and label in trained]
    if len(kept) == len(dataset.classes):
        return dataset
    if len(kept) < 2:
        raise PhotosError(
            "After your corrections there are fewer than two classes to tell apart.",
            expected="at least two classes with two different photos each, one of them for training",
            found=in_words(dataset.corrections),
            fix="Undo some of them.",
        )
    gone = [LeftOut(name, _GONE) for label, name in enumerate(dataset.classes) if label not in kept]
    numbers = {label: number for number, label in enumerate(kept)}
    return dataclasses.replace(
        dataset,
        classes=tuple(dataset.classes[label] for label in kept),
        photos=tuple(
            dataclasses.replace(photo, label=numbers[photo.label]) for photo in dataset.photos if photo.label in numbers
        ),
        left_out=(*dataset.left_out, *gone),
    )
