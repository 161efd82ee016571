"""A part of the photos of each class: enough to measure with, and none that the final mark depends on."""

from __future__ import annotations

import dataclasses
import hashlib

from transfer.dataset.dataset import Dataset, Photo


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
    return dataclasses.replace(dataset, photos=tuple(dataclasses.replace(photo, split="train") for photo in photos))
