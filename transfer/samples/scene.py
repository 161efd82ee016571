"""Scenes: what is around the object on a sample photo, and what a camera makes of it.

Everything is drawn from distributions that do not depend on the object, so that it says nothing about the class.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from transfer.samples.canvas import colour, curve, noise


def background(side: int, random: np.random.Generator) -> Image.Image:
    """Something out of focus: two colours, a gradient or patches, stripes or tiles, and grain."""
    first, second = (np.array(colour(random, vivid=0.4), np.float32) for _ in range(2))
    second = first + random.uniform(0.15, 0.6) * (second - first)  # a background is seldom louder than the object
    grid = np.linspace(0, 1, side, dtype=np.float32)
    turn = random.uniform(0, 2 * math.pi)
    mix = math.cos(turn) * grid[None, :] + math.sin(turn) * grid[:, None]
    kind = random.integers(0, 4)
    if kind == 1:
        mix = 0.5 + 0.5 * np.sin(mix * random.uniform(8, 60))
    elif kind == 2:
        waves = np.sin(grid * random.uniform(10, 50))
        mix = (waves[None, :] * waves[:, None] > random.uniform(-0.3, 0.3)).astype(np.float32) * random.uniform(0.3, 1)
    elif kind == 3:
        mix = (noise(side, random, int(random.integers(3, 10))) - 0.5) * 2.4 + 0.5
    mix = np.clip(mix + (noise(side, random, 5) - 0.5) * random.uniform(0, 0.5), 0, 1)[..., None]
    values = first * (1 - mix) + second * mix
    values *= 1 + (noise(side, random, side // 4)[..., None] - 0.5) * random.uniform(0, 0.5)
    picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(float(random.uniform(1, 4))))


def clutter(scene: Image.Image, random: np.random.Generator) -> None:
    """A blob, a box or a stick that is none of the objects."""
    side = scene.width
    mask = Image.new("L", scene.size, 0)
    pen = ImageDraw.Draw(mask)
    x, y = (random.uniform(0, side) for _ in range(2))
    r = random.uniform(0.05, 0.2) * side
    kind = random.integers(0, 3)
    if kind == 0:
        blob = [
            (math.cos(t) * random.uniform(0.6, 1), math.sin(t) * random.uniform(0.6, 1)) for t in np.arange(0, 6.2, 0.9)
        ]
        pen.polygon([(x + px * r, y + py * r) for px, py in curve(blob)], fill=255)
    elif kind == 1:
        turn = random.uniform(0, 2 * math.pi)
        corners = [turn + math.pi / 4 + quarter * math.pi / 2 for quarter in range(4)]
        pen.polygon([(x + r * math.cos(c), y + 0.7 * r * math.sin(c)) for c in corners], fill=255)
    else:
        turn = random.uniform(0, 2 * math.pi)
        ends = (x, y, x + 3 * r * math.cos(turn), y + 3 * r * math.sin(turn))
        pen.line(ends, fill=255, width=int(random.integers(3, 11)))
    mask = mask.filter(ImageFilter.GaussianBlur(float(random.uniform(0.7, 3))))
    scene.paste(Image.new("RGB", scene.size, colour(random)), (0, 0), mask)


def photographed(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """What a camera adds: a little blur, its own idea of light, noise."""
    picture = picture.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 1.1))))
    values = np.asarray(picture, np.float32)
    values = (values - 128) * random.uniform(0.75, 1.15) + 128 + random.uniform(-25, 25)
    tinted = values * random.uniform(0.92, 1.08, 3) + random.normal(0, random.uniform(1, 5), values.shape)
    return Image.fromarray(np.clip(tinted, 0, 255).astype(np.uint8))
