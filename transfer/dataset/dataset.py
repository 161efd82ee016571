"""Dataset: a photo folder after it was checked and split. A plain record of what is where; it reads no photo.

`scan` makes it, a run keeps it as `dataset.json`, and everything after works from it: the page's counts, the
training pipeline, evaluation.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from transfer.errors import PhotosError

if TYPE_CHECKING:
    import pandas as pd

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Photo:
    """One photo to learn from or to test with.

    Attributes:
        path: relative to the dataset's root, with forward slashes.
        label: index into the dataset's `classes`.
        split: which of the three splits it belongs to.
        digest: SHA-256 of the file's bytes, in hex; equal for exact copies.
    """

    path: str
    label: int
    split: Split
    digest: str


@dataclass(frozen=True)
class LeftOut:
    """A photo or folder that is not used, with the reason in plain words."""

    path: str
    reason: str


@dataclass(frozen=True)
class Corrected:
    """A photo that is taken for something else than its folder says: its class `was`, and `now` is; "" for left out."""

    path: str
    digest: str
    was: str
    now: str


@dataclass(frozen=True)
class Dataset:
    """A checked, split folder of photos.

    Attributes:
        root: absolute path of the folder.
        classes: names of the classes, sorted; the order of the network's outputs.
        photos: every photo used, sorted by path.
        left_out: photos and folders not used, each with its reason.
        passed_over: how many hidden or stray files and folders were not looked at.
        notes: plain sentences about what was done with the folder, for the page.
        layout: in words, how the folder was understood.
        corrections: what of `photos` and `left_out` is as somebody decided, and not as the folder says.
    """

    root: str
    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    left_out: tuple[LeftOut, ...] = ()
    passed_over: int = 0
    notes: tuple[str, ...] = ()
    layout: str = ""
    corrections: tuple[Corrected, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, over classes, photo contents and splits: equal means the same training data.

        File names and the place of the folder do not count; a renamed or moved copy has the same fingerprint.
        """
        lines = sorted(f"{self.classes[photo.label]}\t{photo.split}\t{photo.digest}" for photo in self.photos)
        return hashlib.sha256("\n".join([*self.classes, "", *lines]).encode()).hexdigest()

    def of(self, split: Split) -> tuple[Photo, ...]:
        """The photos of one split, in order."""
        return tuple(photo for photo in self.photos if photo.split == split)

    def path(self, photo: Photo) -> Path:
        """Where the photo's file is."""
        return Path(self.root) / photo.path

    def counts(self) -> pd.DataFrame:
        """Photos per class (index `class`) and split: columns train, validation, test, total."""
        import pandas as pd  # half of what a command would import otherwise

        numbers = np.zeros((len(self.classes), len(SPLITS)), dtype=int)
        for photo in self.photos:
            numbers[photo.label, SPLITS.index(photo.split)] += 1
        table = pd.DataFrame(numbers, index=pd.Index(self.classes, name="class"), columns=list(SPLITS))
        table["total"] = numbers.sum(axis=1)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Dataset:
        """Rebuild what `to_dict` gave; unknown keys are ignored."""
        return cls(
            root=data["root"],
            classes=tuple(data["classes"]),
            photos=tuple(Photo(p["path"], p["label"], p["split"], p["digest"]) for p in data["photos"]),
            left_out=tuple(LeftOut(each["path"], each["reason"]) for each in data.get("left_out", ())),
            passed_over=data.get("passed_over", 0),
            notes=tuple(data.get("notes", ())),
            layout=data.get("layout", ""),
            corrections=tuple(Corrected(**each) for each in data.get("corrections", ())),
        )

    @classmethod
    def from_json(cls, path: Path) -> Dataset:
        """Read a file with what `to_dict` gave.

        Raises:
            PhotosError: the file is missing or is not a dataset.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise PhotosError(
                f"The record of the photos, {path.name}, cannot be read.",
                expected=f"the file {path} as the run wrote it",
                found=f"{type(error).__name__}: {error}",
                fix="Check the photo folder again and start a new run.",
            ) from error
