"""Heat picture: a heat map as something to lay over its photo. Which places count is decided in `learning`."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from transfer.dataset.photo import FORMATS
from transfer.errors import ConfigError
from transfer.messages.questions import HeatMaps
from transfer.processes.photo_reader import PhotoReader

PHOTO = 640  # pixels, at most, along an edge of a photo that is written with its colours
SIDE = 192  # pixels of a picture: smooth, for what is stretched over any photo
# What lies over a photo, from where nothing speaks for the class to where most does: red, green, blue and how much of
# it, 0-255. It gets lighter all the way, so that it can be read on dark and light photos, and without telling hues.
COLOURS = ((12, 10, 40, 178), (94, 22, 110, 150), (214, 70, 62, 112), (250, 150, 40, 104), (252, 236, 130, 118))


def picture(rows: Sequence[Sequence[float]], most: float) -> Image.Image:
    """A square RGBA picture to stretch over the whole photo.

    Args:
        rows: what each place adds to the score of a class (`HeatMaps.maps`); what speaks against it is left out.
        most: what is drawn lightest; the same for the classes that are compared.
    """
    share = np.clip(np.asarray(rows, np.float32) / max(most, 1e-12), 0.0, 1.0)
    smooth = Image.fromarray(share).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    places = np.clip(np.asarray(smooth), 0.0, 1.0)
    steps = np.linspace(0.0, 1.0, len(COLOURS))
    layers = [np.interp(places, steps, layer) for layer in np.array(COLOURS, float).T]
    return Image.fromarray(np.stack(layers, axis=-1).round().astype(np.uint8), "RGBA")


def strongest(maps: Sequence[Sequence[Sequence[float]]]) -> float:
    """What the place adds that speaks most for any of some classes."""
    return max((float(np.max(rows)) for rows in maps), default=0.0)


def on_photo(maps: HeatMaps, label: str, photos: PhotoReader) -> Image.Image | None:
    """The photo beneath what speaks for a class, RGB; None when it cannot be read."""
    data = photos.thumbnails([Path(maps.path)], PHOTO)[0]
    if data is None:
        return None
    photo = Image.open(io.BytesIO(base64.b64decode(data)), formats=FORMATS)
    rows = maps.maps[label]
    upper = picture(rows, strongest([rows])).resize(photo.size, Image.Resampling.BICUBIC)
    return Image.alpha_composite(photo.convert("RGBA"), upper).convert("RGB")


def write(image: Image.Image, folder: Path, photo: str) -> Path:
    """A PNG named like its photo, beside those that are there.

    Raises:
        ConfigError: when the folder cannot be written to.
    """
    stem = Path(photo).stem
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            place = folder / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
            with contextlib.suppress(FileExistsError), place.open("xb") as file:
                image.save(file, "PNG")
                return place
    except OSError as error:
        raise ConfigError(
            f"The pictures cannot be written to {folder}.",
            expected="a folder that can be written to, with room in it",
            found=error.strerror or str(error),
            fix="Name another folder behind --why.",
        ) from error
    raise AssertionError


def as_webp(heat: Image.Image) -> str:
    """In base64, as pages show small pictures."""
    file = io.BytesIO()
    heat.save(file, "WEBP", quality=80)
    return base64.b64encode(file.getvalue()).decode()
