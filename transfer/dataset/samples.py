"""The built-in sample photos: six everyday things, drawn by code at first use, so that Transfer can be tried at once.

The class is in the shape. A leaf is greener than a key more often than not, as in life, but any thing may have any
colour, and light, place, size, turn, background, clutter and blur are drawn from the same distributions for every
class: counting colours is of little use, a network has to see what a thing is. Nothing here reads photos.
"""

from __future__ import annotations

import colorsys
import math
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 256  # pixels, edge of a sample photo
FINE = 2  # drawn this much larger, then scaled down: smooth edges
PER_CLASS = 60
SEED = 20
TYPICAL = 0.8  # share of the things that have the colours of their kind
FOLDER = "sample photos"  # another set of drawings needs another name: this one is drawn only once

Point = tuple[float, float]
Paint = Callable[["Thing"], None]
Hue = tuple[float, float, float, float]
"""Where the colours of a kind lie: lowest and highest hue in degrees, lowest and highest saturation, 0 to 1."""


def draw(into: Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """The folder with the sample photos, one sub-folder per class; drawn now if it is not there yet.

    Args:
        into: where the folder is made.
        progress: told (done, total) as photos are drawn.

    Returns:
        The folder. It appears under its name only once it is complete.
    """
    place = into / FOLDER
    if place.is_dir():
        return place
    unfinished = into / f".{FOLDER}"
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in THINGS:
        (unfinished / name).mkdir(parents=True)
    wanted = [(label, number) for label in range(len(THINGS)) for number in range(PER_CLASS)]
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
    name = list(THINGS)[label]
    picture = photo(name, np.random.default_rng((SEED, label, number)))
    picture.save(folder / name / f"{name}-{number + 1:02}.jpg", quality=88 + number % 8)


def photo(name: str, random: np.random.Generator) -> Image.Image:
    """One photo of the thing of that name somewhere in front of something."""
    scene = background(SIZE, random)
    for _ in range(int(random.integers(0, 3))):
        _clutter(scene, random)
    paint, *hues = THINGS[name]
    thing = Thing(int(SIZE * FINE * random.uniform(0.72, 1.0)), random, hues)
    paint(thing)
    layer = thing.finished()
    layer = layer.resize((layer.width // FINE, layer.height // FINE), Image.Resampling.BOX)
    edge = min(layer.size)
    x, y = (int(random.uniform(0, max(SIZE - 0.8 * edge, 1)) - 0.1 * edge) for _ in range(2))
    shadow = Image.new("RGBA", layer.size, (0, 0, 0, 0))
    shadow.putalpha(layer.getchannel("A").point(lambda value: int(value * 0.5)).filter(ImageFilter.GaussianBlur(5)))
    scene.paste(shadow, (x + int(random.integers(-9, 10)), y + int(random.integers(3, 11))), shadow)
    scene.paste(layer, (x, y), layer)
    return _camera(scene, random)


class Thing:
    """A drawing surface for one thing: coordinates from -1 to 1, two colours, light from one side.

    Args:
        size: pixels of its edge.
        random: what varies.
        hues: of its two colours, where it is of the usual kind.
    """

    def __init__(self, size: int, random: np.random.Generator, hues: Sequence[Hue]) -> None:
        self.size = size
        self.random = random
        typical = random.random() < TYPICAL
        self.main, self.other = (_colour(random, *hue) if typical else _colour(random) for hue in hues)
        self._layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        self._pen = ImageDraw.Draw(self._layer)

    def vary(self, low: float, high: float) -> float:
        """A number that differs from photo to photo."""
        return float(self.random.uniform(low, high))

    def polygon(self, points: Sequence[Point], shade: float = 1.0, other: bool = False) -> None:
        """A filled shape in one of the two colours, darker (below 1) or lighter."""
        self._pen.polygon([self._at(point) for point in points], fill=self._fill(shade, other))

    def line(self, points: Sequence[Point], width: float, shade: float = 1.0, other: bool = False) -> None:
        """A line with round ends; `width` in the thing's own units."""
        pixels = max(2, round(width * self.size / 2))
        spots = [self._at(point) for point in points]
        self._pen.line(spots, fill=self._fill(shade, other), width=pixels, joint="curve")
        for x, y in (spots[0], spots[-1]):
            r = pixels / 2
            self._pen.ellipse((x - r, y - r, x + r, y + r), fill=self._fill(shade, other))

    def hole(self, points: Sequence[Point]) -> None:
        """Cut a shape out, so that what is behind is seen."""
        self._pen.polygon([self._at(point) for point in points], fill=(0, 0, 0, 0))

    def finished(self) -> Image.Image:
        """The thing lit from one side, textured, and turned."""
        values = np.asarray(self._layer, np.float32).copy()
        angle = self.vary(0, 2 * math.pi)
        grid = np.linspace(-1, 1, self.size, dtype=np.float32)
        light = math.cos(angle) * grid[None, :] + math.sin(angle) * grid[:, None]
        grain = _noise(self.size, self.random, 24) - 0.5
        values[..., :3] *= (1 + 0.28 * light + self.vary(0, 0.35) * grain)[..., None]
        lit = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8), "RGBA")
        if self.random.random() < 0.5:
            lit = lit.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        lean = self.vary(-0.2, 0.2)
        lit = lit.transform(lit.size, Image.Transform.AFFINE, (1, lean, -lean * self.size / 2, 0, 1, 0))
        return lit.rotate(self.vary(-22, 22), Image.Resampling.BICUBIC, expand=True)

    def _at(self, point: Point) -> Point:
        return ((point[0] * 0.92 + 1) * self.size / 2, (point[1] * 0.92 + 1) * self.size / 2)

    def _fill(self, shade: float, other: bool) -> tuple[int, int, int, int]:
        red, green, blue = (min(255, int(value * shade)) for value in (self.other if other else self.main))
        return red, green, blue, 255


# ---------------------------------------------------------------------- the things


def _fish(thing: Thing) -> None:
    fat, tail = thing.vary(0.32, 0.5), thing.vary(0.3, 0.55)
    thing.polygon(curve([(0.45, 0), (0.7, -0.25), (0.98, -tail), (0.86, 0), (0.98, tail), (0.7, 0.25)]), 0.8, True)
    thing.polygon(curve([(-0.1, -fat + 0.06), (0.1, -fat - 0.32), (0.42, -fat - 0.12), (0.36, -0.2)]), 0.85, True)
    thing.polygon(
        curve([(-0.97, 0.03), (-0.55, -fat), (0.05, -fat), (0.62, -0.1), (0.62, 0.1), (0.05, fat), (-0.55, fat)])
    )
    thing.polygon(curve([(-0.1, 0.05), (0.2, 0.12), (0.16, 0.34), (-0.02, 0.26)]), 0.75, True)
    thing.line(arc(-0.42, 0, 0.2, fat * 0.7, -70, 70), 0.035, 0.6)
    thing.polygon(arc(-0.7, -0.1, 0.085, 0.085), 1.9)
    thing.polygon(arc(-0.71, -0.1, 0.045, 0.045), 0.12)


def _key(thing: Thing) -> None:
    bow, thick = thing.vary(0.28, 0.38), thing.vary(0.1, 0.16)
    thing.polygon([(-0.4, -thick / 2), (0.96, -thick / 2), (0.96, thick / 2), (-0.4, thick / 2)], 0.92)
    for place in (0.52, 0.68, 0.84)[: int(thing.random.integers(2, 4))]:
        deep = thing.vary(0.18, 0.34)
        thing.polygon([(place, 0), (place + 0.1, 0), (place + 0.1, deep), (place, deep)], 0.92)
    thing.polygon(arc(-0.6, 0, bow, bow * thing.vary(0.85, 1.2)))
    thing.hole(arc(-0.64, 0, bow * 0.52, bow * 0.5))
    thing.line([(-0.2, -0.01), (0.9, -0.01)], 0.02, 0.65)


def _leaf(thing: Thing) -> None:
    wide = thing.vary(0.36, 0.56)
    edge = [(0, -0.98), (wide * 0.75, -0.45), (wide, 0.05), (wide * 0.6, 0.45), (0, 0.68)]
    thing.line([(0, 0.6), (thing.vary(-0.15, 0.15), 0.97)], 0.06, 0.7)
    thing.polygon(curve([*edge, *[(-x, y) for x, y in edge[-2:0:-1]]]))
    thing.line([(0, 0.66), (0, -0.85)], 0.04, 0.6)
    for height in np.linspace(-0.5, 0.4, int(thing.random.integers(4, 7))):
        reach = wide * 0.72 * (1 - abs(height) * 0.6)
        for way in (-1, 1):
            thing.line([(0, height + 0.12), (way * reach, height - 0.14)], 0.022, 0.65)


def _mug(thing: Thing) -> None:
    tall, wide = thing.vary(0.55, 0.8), thing.vary(0.42, 0.56)
    handle = thing.vary(0.24, 0.34)
    thing.polygon(arc(wide - 0.12, 0.08, handle + 0.16, tall * 0.58), 0.85)
    thing.hole(arc(wide - 0.12, 0.08, handle, tall * 0.38))
    left, right = -wide - 0.12, wide - 0.12
    bottom = arc((left + right) / 2, tall, wide * 0.94, 0.14, 0, 180)
    thing.polygon([(left, -tall), (right, -tall), *bottom])
    thing.polygon(arc((left + right) / 2, -tall, wide, 0.17), 1.18)
    thing.polygon(arc((left + right) / 2, -tall + 0.02, wide * 0.86, 0.115), 0.35, True)
    if thing.random.random() < 0.6:
        band = thing.vary(-0.2, 0.3)
        thing.polygon([(left, band), (right, band), (right, band + 0.16), (left, band + 0.16)], 1.0, True)


def _mushroom(thing: Thing) -> None:
    cap, high, stem = thing.vary(0.72, 0.95), thing.vary(0.65, 0.95), thing.vary(0.16, 0.28)
    thing.polygon(
        curve(
            [
                (-stem, -0.1),
                (stem, -0.1),
                (stem * 1.1, 0.5),
                (stem * 1.5, 0.95),
                (-stem * 1.5, 0.95),
                (-stem * 1.1, 0.5),
            ]
        ),
        1.15,
        True,
    )
    thing.polygon(arc(0, 0, cap, 0.17), 0.6, True)
    thing.polygon(arc(0, 0, cap, high, 180, 360))
    for _ in range(int(thing.random.integers(3, 8))):
        turn, far, spot = thing.vary(200, 340), thing.vary(0.2, 0.8), thing.vary(0.05, 0.12)
        x, y = cap * far * math.cos(math.radians(turn)), high * far * math.sin(math.radians(turn))
        thing.polygon(arc(x, y, spot, spot * 0.8), 1.3, True)


def _umbrella(thing: Thing) -> None:
    wide, high, panels = thing.vary(0.82, 0.97), thing.vary(0.6, 0.8), int(thing.random.integers(4, 7))
    thing.line([(0, -0.8), (0, 0.72), *arc(0.14, 0.74, 0.14, 0.18, 180, 20)], 0.055, 0.7, True)
    thing.polygon(arc(0, 0, wide, high, 180, 360))
    step = 2 * wide / panels
    for number in range(panels):
        middle = -wide + (number + 0.5) * step
        thing.hole(arc(middle, 0.005, step / 2, 0.13, 180, 360))
    for number in range(1, panels):
        foot = -wide + number * step
        thing.line([(0, -high), (foot * 0.72, -high * 0.55), (foot, -0.02)], 0.022, 0.6)
    thing.line([(0, 0.0), (0, 0.72)], 0.055, 0.7, True)
    thing.line([(0, -high), (0, -high - 0.12)], 0.05, 0.6, True)


THINGS: dict[str, tuple[Paint, Hue, Hue]] = {
    "fish": (_fish, (180, 250, 0.2, 0.65), (10, 55, 0.3, 0.7)),
    "key": (_key, (35, 60, 0.1, 0.6), (0, 360, 0, 0.2)),
    "leaf": (_leaf, (60, 140, 0.35, 0.7), (60, 140, 0.2, 0.7)),
    "mug": (_mug, (0, 360, 0.3, 0.7), (0, 360, 0, 0.3)),
    "mushroom": (_mushroom, (-10, 35, 0.4, 0.7), (30, 60, 0.05, 0.25)),
    "umbrella": (_umbrella, (240, 340, 0.3, 0.7), (0, 360, 0, 0.4)),
}
"""What is on the photos, by class: how it is drawn, and its usual two colours."""


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


# ---------------------------------------------------------------------- what is around them


def background(side: int, random: np.random.Generator) -> Image.Image:
    """Something out of focus: two colours, a gradient or patches, stripes or tiles, and grain."""
    first, second = (np.array(_colour(random, vivid=0.4), np.float32) for _ in range(2))
    second = first + random.uniform(0.15, 0.6) * (second - first)  # a background is seldom louder than the thing
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
        mix = (_noise(side, random, int(random.integers(3, 10))) - 0.5) * 2.4 + 0.5
    mix = np.clip(mix + (_noise(side, random, 5) - 0.5) * random.uniform(0, 0.5), 0, 1)[..., None]
    values = first * (1 - mix) + second * mix
    values *= 1 + (_noise(side, random, side // 4)[..., None] - 0.5) * random.uniform(0, 0.5)
    picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(float(random.uniform(1, 4))))


def _clutter(scene: Image.Image, random: np.random.Generator) -> None:
    """A blob, a box or a stick that is none of the things."""
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
    scene.paste(Image.new("RGB", scene.size, _colour(random)), (0, 0), mask)


def _camera(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """What a camera adds: a little blur, its own idea of light, noise."""
    picture = picture.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 1.1))))
    values = np.asarray(picture, np.float32)
    values = (values - 128) * random.uniform(0.75, 1.15) + 128 + random.uniform(-25, 25)
    tinted = values * random.uniform(0.92, 1.08, 3) + random.normal(0, random.uniform(1, 5), values.shape)
    return Image.fromarray(np.clip(tinted, 0, 255).astype(np.uint8))


def _colour(
    random: np.random.Generator, first: float = 0, last: float = 360, pale: float = 0.08, vivid: float = 0.69
) -> tuple[int, int, int]:
    """A colour of a range of hues and saturations (see `Hue`), but near-black and near-white."""
    hue, strength, light = random.uniform(first, last), random.uniform(pale, vivid), random.uniform(0.27, 0.96)
    red, green, blue = colorsys.hsv_to_rgb(hue / 360 % 1, strength, light)
    return int(red * 255), int(green * 255), int(blue * 255)


def _noise(side: int, random: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise from 0 to 1, (side, side) float32, with about so many bumps along an edge."""
    coarse = Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
