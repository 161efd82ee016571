"""Changes: which photos are no longer what they were when a dataset was made, and what that means for its run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transfer.dataset.dataset import SPLITS, Dataset, Photo
from transfer.dataset.integrity import check_photos

NAMED = 5  # photos that are called by name


@dataclass(frozen=True)
class Changes:
    """What became of the photos of a dataset.

    Attributes:
        missing: photos that are not there any more, or cannot be read.
        changed: photos with another content under the same name.
    """

    dataset: Dataset
    missing: tuple[Photo, ...]
    changed: tuple[Photo, ...]

    def tested(self) -> Dataset:
        """The dataset with those test photos only that are as they were: no score is made of others."""
        lost = {photo.path for photo in (*self.missing, *self.changed) if photo.split == "test"}
        kept = tuple(photo for photo in self.dataset.photos if photo.path not in lost)
        return Dataset(self.dataset.root, self.dataset.classes, kept) if lost else self.dataset

    def __str__(self) -> str:
        """In words; nothing where nothing changed."""
        said = []
        for split in reversed(SPLITS):
            counts = [
                f"{count} {'is' if count == 1 else 'are'} {what}"
                for what, photos in (("missing", self.missing), ("changed", self.changed))
                if (count := sum(photo.split == split for photo in photos))
            ]
            if not counts:
                continue
            total, lost = len(self.dataset.of(split)), sum(p.split == split for p in (*self.missing, *self.changed))
            said.append(f"Of {total} {split} photos {' and '.join(counts)}.")
            if split == "test":
                left = f"is of {total - lost} of {total} test photos"
                said.append(f"The score {left}." if lost < total else "There is nothing left to test the model with.")
            else:
                said.append("What was seen of them before still counts; those not seen yet are left out.")
        named = [f"{photo.path} (missing)" for photo in self.missing] + [f"{p.path} (changed)" for p in self.changed]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return " ".join([*said, ", ".join(named[:NAMED]) + more + "."]) if named else ""


def changes(
    dataset: Dataset, memory: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> Changes:
    """Compare the digest of every photo with the recorded one; those remembered as unchanged are not read again.

    Args:
        memory, progress: as in `integrity.check_photos`.
    """
    found = check_photos([dataset.path(photo) for photo in dataset.photos], memory, progress)
    pairs = list(zip(dataset.photos, found, strict=True))
    return Changes(
        dataset,
        missing=tuple(photo for photo, now in pairs if not now.digest),
        changed=tuple(photo for photo, now in pairs if now.digest not in ("", photo.digest)),
    )
