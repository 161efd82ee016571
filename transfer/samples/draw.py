"""The built-in sample photos: six everyday objects, drawn by code at first use, so that Transfer can be tried at once.

The class is in the shape. A leaf is greener than a key more often than not, as in life, but any object may have any
colour, and light, place, size, turn, background, clutter and blur are drawn from the same distributions for every
class: counting colours is of little use, a network has to see what an object is. Nothing here reads photos.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from transfer.samples.objects import OBJECTS, Sketch
from transfer.samples.scene import background, clutter, photographed

SIZE = 256  # pixels, edge of a sample photo
FINE = 2  # drawn this much larger, then scaled down: smooth edges
PER_CLASS = 60
SEED = 20
FOLDER = "sample photos 2"  # another set of drawings needs another name: this one is drawn only once


def draw(into: Path, progress: Callable[[int, int], None] | None = None, per_class: int = PER_CLASS) -> Path:
    """The folder with the sample photos, one sub-folder per class; drawn now if it is not there yet.

    Args:
        into: where the folder is made.
        progress: told (done, total) as photos are drawn.
        per_class: how many photos of each class.

    Returns:
        The folder. It appears under its name only once it is complete.
    """
    place = into / FOLDER
    if place.is_dir():
        return place
    unfinished = into / f".{FOLDER}"
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in OBJECTS:
        (unfinished / name).mkdir(parents=True)
    wanted = [(label, number) for label in range(len(OBJECTS)) for number in range(per_class)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(lambda which: _save(unfinished, *which), wanted), start=1):
            if progress:
                progress(done, len(wanted))
    if place.is_dir():  # somebody else was faster
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(place)
    return place


def _save(folder: Path, label: int, number: int) -> None:
    name = list(OBJECTS)[label]
    picture = photo(name, np.random.default_rng((SEED, label, number)))
    picture.save(folder / name / f"{name}-{number + 1:02}.jpg", quality=88 + number % 8)


def photo(name: str, random: np.random.Generator) -> Image.Image:
    """One photo of the object of that name somewhere in front of something."""
    scene = background(SIZE, random)
    for _ in range(int(random.integers(0, 3))):
        clutter(scene, random)
    paint, *hues = OBJECTS[name]
    sketch = Sketch(int(SIZE * FINE * random.uniform(0.72, 1.0)), random, hues)
    paint(sketch)
    layer = sketch.finished()
    layer = layer.resize((layer.width // FINE, layer.height // FINE), Image.Resampling.BOX)
    edge = min(layer.size)
    x, y = (int(random.uniform(0, max(SIZE - 0.8 * edge, 1)) - 0.1 * edge) for _ in range(2))
    shadow = Image.new("RGBA", layer.size, (0, 0, 0, 0))
    shadow.putalpha(layer.getchannel("A").point(lambda value: int(value * 0.5)).filter(ImageFilter.GaussianBlur(5)))
    scene.paste(shadow, (x + int(random.integers(-9, 10)), y + int(random.integers(3, 11))), shadow)
    scene.paste(layer, (x, y), layer)
    return photographed(scene, random)
