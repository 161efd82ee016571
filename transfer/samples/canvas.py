"""Canvas: the lines, colours and textures that `objects` and `scene` are made of."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

Point = tuple[float, float]
Hue = tuple[float, float, float, float]
"""Where colours lie: lowest and highest hue in degrees, lowest and highest saturation, 0 to 1."""


def arc(x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360) -> list[Point]:
    """Points on an ellipse, degrees clockwise from the right."""
    turns = np.radians(np.linspace(start, end, 40))
    return [(x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns]


def curve(points: Sequence[Point], between: int = 8) -> list[Point]:
    """A closed smooth line through points (Catmull-Rom spline)."""
    knots = np.array(points, float)
    ahead, beyond, behind = (np.roll(knots, -by, axis=0) for by in (1, 2, -1))
    steps = np.linspace(0, 1, between, endpoint=False)[:, None, None]
    lines = 0.5 * (
        2 * knots
        + (ahead - behind) * steps
        + (2 * behind - 5 * knots + 4 * ahead - beyond) * steps**2
        + (3 * knots - behind - 3 * ahead + beyond) * steps**3
    )
    return [(float(x), float(y)) for x, y in lines.transpose(1, 0, 2).reshape(-1, 2)]


def colour(
    random: np.random.Generator, first: float = 0, last: float = 360, pale: float = 0.08, vivid: float = 0.69
) -> tuple[int, int, int]:
    """A colour of a range of hues and saturations, as in `Hue`; never near black."""
    hue, strength, light = random.uniform(first, last), random.uniform(pale, vivid), random.uniform(0.27, 0.96)
    red, green, blue = colorsys.hsv_to_rgb(hue / 360 % 1, strength, light)
    return int(red * 255), int(green * 255), int(blue * 255)


def noise(side: int, random: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise from 0 to 1, (side, side) float32, with about so many bumps along an edge."""
    coarse = Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
