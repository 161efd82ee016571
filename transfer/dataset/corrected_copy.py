"""A corrected copy: the photos of a dataset as a zip, each in the folder of the class that it is taken for."""

from __future__ import annotations

import zipfile
from itertools import pairwise
from pathlib import Path

from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.layout import read_layout, split_named


def write_copy(dataset: Dataset, file: Path) -> None:
    """Write the zip, photo by photo, as they are; one that is gone is passed over.

    Where the folders said what is for training and what for testing, they say so in the copy, as they said it.

    Raises:
        PhotosError: the folder is gone.
        OSError: the disk refuses; nothing is left of the zip then.
    """
    given, taken = _given(Path(dataset.root)), set[str]()
    try:
        # not strict: a camera whose clock was never set dates its photos before 1980, which no zip can say
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, strict_timestamps=False) as zipped:
            for photo in dataset.photos:
                if dataset.path(photo).is_file():
                    zipped.write(dataset.path(photo), _place(dataset, photo, given.get(photo.path, ""), taken))
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _given(root: Path) -> dict[str, str]:
    """The folder named like a split ("val") that each photo came from; none where the folders are classes only."""
    return {
        path: folder
        for split, classes in read_layout(root).classes.items()
        for name, paths in classes.items()
        for path in paths
        for folder, inner in reversed(list(pairwise(path.split("/"))))  # the outermost one counts
        if split is not None and split_named(folder) == split and inner == name
    }


def _place(dataset: Dataset, photo: Photo, given: str, taken: set[str]) -> str:
    whole = Path(given, dataset.classes[photo.label], photo.path.rsplit("/", 1)[-1])
    place, number = whole, 1
    while place.as_posix().casefold() in taken:
        number += 1
        place = whole.with_name(f"{whole.stem} ({number}){whole.suffix}")
    taken.add(place.as_posix().casefold())
    return place.as_posix()
