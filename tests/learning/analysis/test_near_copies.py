"""One picture in two files is told from two pictures, however it was cut, turned, made smaller or compressed."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from transfer.learning.analysis.near_copies import SAME, SIDE, compared, near_copies


def scene(seed: int) -> Image.Image:
    """Something like a photo: blots of all sizes."""
    dice = np.random.default_rng(seed)
    layers = [
        Image.fromarray(dice.integers(0, 256, (side, side), np.uint8)).resize((240, 180), Image.Resampling.BICUBIC)
        for side in (3, 9, 27)
    ]
    mixed = np.mean([np.asarray(layer, float) * weight for layer, weight in zip(layers, (3, 2, 1), strict=True)], 0) / 2
    return Image.fromarray(mixed.astype(np.uint8)).convert("RGB").filter(ImageFilter.GaussianBlur(1))


def grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR), float)


def cut(image: Image.Image) -> Image.Image:
    return image.crop((12, 9, 228, 171))


def compressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)
    return Image.open(buffer)


def brighter(image: Image.Image) -> Image.Image:
    return image.point(lambda value: value * 0.7 + 60)


WAYS: list[Callable[[Image.Image], Image.Image]] = [
    cut,
    compressed,
    brighter,
    lambda image: image.rotate(3, Image.Resampling.BICUBIC),
    lambda image: image.rotate(-3, Image.Resampling.BICUBIC),
    lambda image: image.resize((120, 90)),
    lambda image: ImageOps.mirror(cut(image)),
]


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_a_copy_is_recognised(way: int) -> None:
    for seed in range(3):
        mirrored, correlation = compared(grey(scene(seed)), grey(WAYS[way](scene(seed))))
        assert correlation >= SAME and mirrored is (way == len(WAYS) - 1)


def test_other_pictures_are_not_copies() -> None:
    pictures = [grey(scene(seed)) for seed in range(8)]
    flat = np.full((SIDE, SIDE), 128.0)
    pairs = [compared(one, other)[1] for i, one in enumerate(pictures) for other in [*pictures[:i], flat]]
    assert max(pairs) < 0.8


def test_pairs_are_looked_for_across_the_sides_only() -> None:
    dice = np.random.default_rng(0)
    rows = dice.normal(0, 1, (40, 16))
    sides = np.array([0] * 28 + [1] * 6 + [2] * 6)
    pictures = {number: grey(scene(number)) for number in range(40)}
    for copy, of in ((30, 3), (35, 31), (5, 4)):  # the last two are on one side
        rows[copy], pictures[copy] = rows[of] + 0.05, grey(cut(scene(of)))
    del pictures[31]  # cannot be read
    found = near_copies(rows, sides, lambda which: {n: pictures[n] for n in which if n in pictures})
    assert [(each.first, each.second, each.mirrored) for each in found] == [(3, 30, False)]
