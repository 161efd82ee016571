"""Varied versions of one photo (augmentation): mirrored, turned, zoomed, shifted, re-lit. For training photos only.

The same photo, strength and random generator give the same version, so a run can be repeated and a preview on the
page shows what training will see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageEnhance

Strength = Literal["light", "strong"]


@dataclass(frozen=True)
class _Range:
    turn: float  # degrees, either way
    zoom: float  # share, in or out
    shift: float  # share of the side, either way
    light: float  # share of brightness and contrast, either way
    colour: float  # share of saturation, either way
    tint: float  # share of one channel against the others


_RANGES: dict[str, _Range] = {
    "light": _Range(turn=8, zoom=0.1, shift=0.06, light=0.12, colour=0.12, tint=0.0),
    "strong": _Range(turn=20, zoom=0.25, shift=0.12, light=0.3, colour=0.4, tint=0.08),
}


def augment(image: np.ndarray, strength: Strength, rng: np.random.Generator) -> np.ndarray:
    """One random version of a photo.

    Args:
        image: uint8 array of shape (size, size, 3), RGB.
        strength: "light" or "strong".
        rng: where the chances come from; always the same number of draws.

    Returns:
        uint8 array of the same shape.

    Raises:
        ValueError: another strength.
    """
    if strength not in _RANGES:
        raise ValueError(f"augmentation is one of {', '.join(_RANGES)}, not {strength!r}")
    span = _RANGES[strength]
    mirror = rng.random() < 0.5
    turn, zoom, right, down, bright, contrast, colour = rng.uniform(-1, 1, 7)
    tint = rng.uniform(-1, 1, 3)
    photo = Image.fromarray(image)
    if mirror:
        photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    photo = _moved(photo, turn * span.turn, (1 + span.zoom) ** zoom, right * span.shift, down * span.shift)
    photo = ImageEnhance.Brightness(photo).enhance(1 + bright * span.light)
    photo = ImageEnhance.Contrast(photo).enhance(1 + contrast * span.light)
    photo = ImageEnhance.Color(photo).enhance(1 + colour * span.colour)
    varied = np.asarray(photo)
    if span.tint:
        varied = np.clip(varied * (1 + tint * span.tint), 0, 255).astype(np.uint8)
    return np.array(varied, dtype=np.uint8)


def _moved(photo: Image.Image, degrees: float, zoom: float, right: float, down: float) -> Image.Image:
    """Turn, zoom and shift in one resampling; what comes in from outside mirrors the photo's edge."""
    size = photo.width
    margin = size // 2
    framed = Image.fromarray(np.pad(np.asarray(photo), ((margin, margin), (margin, margin), (0, 0)), mode="reflect"))
    angle = math.radians(degrees)
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    centre = (size - 1) / 2
    # Maps each pixel of the result to a place in the framed photo, about the centre of both.
    x = centre + margin - right * size - cos * centre - sin * centre
    y = centre + margin - down * size + sin * centre - cos * centre
    data = (cos, sin, x, -sin, cos, y)
    return framed.transform((size, size), Image.Transform.AFFINE, data, resample=Image.Resampling.BILINEAR)
