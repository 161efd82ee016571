"""Thumbnails for the page: a contact sheet of a class, and what augmentation makes of some photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from transfer.dataset.augment import Strength, augment
from transfer.dataset.dataset import Dataset
from transfer.dataset.photo import open_photo, read_photo

_GAP = 6
_EMPTY = (127, 127, 127, 0)  # transparent, so that a sheet suits a light and a dark page


def contact_sheet(dataset: Dataset, label: int, count: int = 12, size: int = 96) -> Image.Image:
    """Thumbnails of one class, taken evenly from all of its photos, in rows of six.

    Args:
        dataset: the checked photos.
        label: index of the class.
        count: how many thumbnails at most.
        size: side of one in pixels; photos are cropped to a square.

    Returns:
        RGBA image with transparent gaps. A photo that went missing since the check leaves an empty place.
    """
    photos = [photo for photo in dataset.photos if photo.label == label]
    step = max(1, len(photos) / count)
    chosen = [photos[int(index * step)] for index in range(min(count, len(photos)))]
    return _tiled([_thumbnail(dataset.path(photo), size) for photo in chosen], size, min(6, max(1, count)))


def augmentation_preview(
    paths: Sequence[Path], strength: Strength | str, seed: int = 0, size: int = 160
) -> Image.Image:
    """Each photo in a row: first as it is (squashed to a square, as the network sees it), then five varied versions.

    Args:
        paths: photos; those that cannot be read are skipped.
        strength: "off", "light" or "strong"; "off" shows the photos alone.
        seed: another seed, other versions.
        size: side of one picture in pixels.
    """
    rows: list[Image.Image | None] = []
    for number, path in enumerate(paths):
        try:
            photo = read_photo(path, size)
        except (OSError, ValueError):
            continue
        rows.append(Image.fromarray(photo))
        if strength != "off":
            rng = np.random.default_rng([seed, number])
            rows += [Image.fromarray(augment(photo, strength, rng)) for _ in range(5)]  # type: ignore[arg-type]
    return _tiled(rows, size, 6)


def _thumbnail(path: Path, size: int) -> Image.Image | None:
    try:
        return ImageOps.fit(open_photo(path, at_least=size), (size, size))
    except (OSError, ValueError):
        return None


def _tiled(pictures: Sequence[Image.Image | None], size: int, columns: int) -> Image.Image:
    columns = max(1, min(columns, len(pictures)))
    rows = max(1, -(-len(pictures) // columns))
    board = Image.new("RGBA", (columns * (size + _GAP) - _GAP, rows * (size + _GAP) - _GAP), _EMPTY)
    for index, picture in enumerate(pictures):
        if picture is not None:
            board.paste(picture, (index % columns * (size + _GAP), index // columns * (size + _GAP)))
    return board
