"""Outlines: points along ellipses and smooth closed curves, for what `things` and `scene` draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Point = tuple[float, float]


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
