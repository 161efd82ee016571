"""Thumbnails for the page: photos one by one or on a sheet, and what augmentation makes of some."""

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


def examples(dataset: Dataset, label: int, count: int = 12) -> list[Path]:
    """Some photos of a class, at most `count`, taken evenly from all of them."""
    photos = [photo for photo in dataset.photos if photo.label == label]
    step = max(1, len(photos) / count)
    return [dataset.path(photos[int(index * step)]) for index in range(min(count, len(photos)))]


def contact_sheet(paths: Sequence[Path], size: int = 96) -> Image.Image:
    """Thumbnails of photos, in rows of six.

    Args:
        paths: the photos.
        size: side of a thumbnail in pixels; photos are cropped to a square.

    Returns:
        RGBA image with transparent gaps. A photo that cannot be read leaves an empty place.
    """
    return _tiled([_square(path, size) for path in paths], size, 6)


def thumbnail(path: Path, size: int) -> Image.Image | None:
    """A photo made small, at most `size` pixels wide and high; None when it cannot be read."""
    try:
        image = open_photo(path, at_least=size)
    except (OSError, ValueError):
        return None
    image.thumbnail((size, size))
    return image


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


def _square(path: Path, size: int) -> Image.Image | None:
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
