"""Small folders of photos drawn for the browser tests: easy to tell apart, quick to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("circle", "cross", "stripes")


def draw(folder: Path, per_class: int = 14, size: int = 72, seed: int = 0) -> Path:
    """One sub-folder per shape, each with so many JPEG files."""
    random = np.random.default_rng(seed)
    for name in SHAPES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(per_class):
            colour, back = (tuple(int(c) for c in random.integers(0, 256, 3)) for _ in range(2))
            image = Image.new("RGB", (size, size), back)
            pen = ImageDraw.Draw(image)
            x, y, r = (int(v) for v in random.integers((20, 20, 10), (size - 20, size - 20, 20)))
            if name == "circle":
                pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
            elif name == "cross":
                pen.line((x - r, y - r, x + r, y + r), colour, 6)
                pen.line((x - r, y + r, x + r, y - r), colour, 6)
            else:
                for line in range(x % 9, size, 12):
                    pen.line((line, 0, line, size), colour, 4)
            image.save(folder / name / f"{name}-{number:02}.jpg", quality=90)
    return folder
