"""A corrected copy: the photos of a dataset as a zip, each in the folder of the class that it is taken for."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.layout import split_named


def write_copy(dataset: Dataset, file: Path) -> None:
    """Write the zip, photo by photo, as they are; one that is gone is passed over.

    Where the folders said what is for testing, they say so in the copy.

    Raises:
        OSError: the disk refuses; nothing is left of the zip then.
    """
    taken: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as zipped:
            for photo in dataset.photos:
                if dataset.path(photo).is_file():
                    zipped.write(dataset.path(photo), _place(dataset, photo, taken))
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _place(dataset: Dataset, photo: Photo, taken: Counter[str]) -> str:
    *folders, name = photo.path.split("/")
    given = next((folder for folder in folders if split_named(folder) == photo.split), "")
    place = "/".join(filter(None, (given, dataset.classes[photo.label], name)))
    taken[place.casefold()] += 1
    if (number := taken[place.casefold()]) == 1:
        return place
    path = Path(place)
    return f"{path.with_suffix('')} ({number}){path.suffix}"
