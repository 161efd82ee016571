"""Photos to measure with, and none that the final mark depends on: a part of each class, and who learns from which."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

from transfer.dataset.dataset import Dataset, Photo

FOLDS = 4


def subset(dataset: Dataset, photos_a_class: int) -> Dataset:
    """At most so many different photos of each class, all of them training photos of the new dataset.

    Training photos come first, whose features the run that follows needs anyway, then validation photos; test photos
    never: what is chosen by looking at them can no longer be tested with them. Which photos they are follows from their
    content alone. Of exact copies there is one.
    """
    chosen: dict[str, Photo] = {}
    for label in range(len(dataset.classes)):
        different: dict[str, Photo] = {}
        for split in ("train", "validation"):
            of_class = [photo for photo in dataset.photos if photo.label == label and photo.split == split]
            for photo in sorted(of_class, key=lambda photo: hashlib.sha256(photo.digest.encode()).digest()):
                different.setdefault(photo.digest, photo)
        chosen |= dict(list(different.items())[:photos_a_class])
    photos = sorted(chosen.values(), key=lambda photo: photo.path)
    return as_training(dataset, photos)


def as_training(dataset: Dataset, photos: Iterable[Photo]) -> Dataset:
    """A dataset of these photos of it, all of them training photos."""
    return dataclasses.replace(dataset, photos=tuple(dataclasses.replace(photo, split="train") for photo in photos))


def folds(dataset: Dataset) -> list[Dataset]:
    """The photos that are not for the final test, dealt `FOLDS` times: another part of each class is for validation
    each time, so that every photo is a new one once.

    Which part a photo is in follows from its content alone; copies are in the same.
    """
    parts: dict[str, int] = {}
    for label in range(len(dataset.classes)):
        digests = {photo.digest for photo in dataset.photos if photo.label == label and photo.split != "test"}
        shuffled = sorted(digests, key=lambda digest: hashlib.sha256(f"fold:{digest}".encode()).digest())
        parts |= {digest: (number + label) % FOLDS for number, digest in enumerate(shuffled)}

    def dealt(photo: Photo, fold: int) -> Photo:
        return dataclasses.replace(photo, split="validation" if parts[photo.digest] == fold else "train")

    photos = [photo for photo in dataset.photos if photo.split != "test"]
    return [dataclasses.replace(dataset, photos=tuple(dealt(photo, fold) for photo in photos)) for fold in range(FOLDS)]
