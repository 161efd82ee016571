"""Objects: what the sample photos show, each a drawing that varies from photo to photo."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from transfer.samples.canvas import Hue, Point, arc, colour, curve, noise

TYPICAL = 0.8  # share of the objects that have the colours of their kind

Paint = Callable[["Sketch"], None]


class Sketch:
    """A drawing surface for one object: coordinates from -1 to 1, two colours, light from one side.

    Args:
        size: pixels of its edge.
        random: what varies.
        hues: of its two colours, where it is of the usual kind.
    """

    def __init__(self, size: int, random: np.random.Generator, hues: Sequence[Hue]) -> None:
        self.size = size
        self.random = random
        typical = random.random() < TYPICAL
        self.main, self.other = (colour(random, *hue) if typical else colour(random) for hue in hues)
        self._layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        self._pen = ImageDraw.Draw(self._layer)

    def vary(self, low: float, high: float) -> float:
        """A number that differs from photo to photo."""
        return float(self.random.uniform(low, high))

    def polygon(self, points: Sequence[Point], shade: float = 1.0, other: bool = False) -> None:
        """A filled shape in one of the two colours, darker (below 1) or lighter."""
        self._pen.polygon([self._at(point) for point in points], fill=self._fill(shade, other))

    def line(self, points: Sequence[Point], width: float, shade: float = 1.0, other: bool = False) -> None:
        """A line with round ends; `width` in the object's own units."""
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
        """The object lit from one side, textured, and turned."""
        values = np.asarray(self._layer, np.float32).copy()
        angle = self.vary(0, 2 * math.pi)
        grid = np.linspace(-1, 1, self.size, dtype=np.float32)
        light = math.cos(angle) * grid[None, :] + math.sin(angle) * grid[:, None]
        grain = noise(self.size, self.random, 24) - 0.5
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


def _fish(sketch: Sketch) -> None:
    fat, tail = sketch.vary(0.32, 0.5), sketch.vary(0.3, 0.55)
    sketch.polygon(curve([(0.45, 0), (0.7, -0.25), (0.98, -tail), (0.86, 0), (0.98, tail), (0.7, 0.25)]), 0.8, True)
    sketch.polygon(curve([(-0.1, -fat + 0.06), (0.1, -fat - 0.32), (0.42, -fat - 0.12), (0.36, -0.2)]), 0.85, True)
    sketch.polygon(
        curve([(-0.97, 0.03), (-0.55, -fat), (0.05, -fat), (0.62, -0.1), (0.62, 0.1), (0.05, fat), (-0.55, fat)])
    )
    sketch.polygon(curve([(-0.1, 0.05), (0.2, 0.12), (0.16, 0.34), (-0.02, 0.26)]), 0.75, True)
    sketch.line(arc(-0.42, 0, 0.2, fat * 0.7, -70, 70), 0.035, 0.6)
    sketch.polygon(arc(-0.7, -0.1, 0.085, 0.085), 1.9)
    sketch.polygon(arc(-0.71, -0.1, 0.045, 0.045), 0.12)


def _key(sketch: Sketch) -> None:
    bow, thick = sketch.vary(0.28, 0.38), sketch.vary(0.1, 0.16)
    sketch.polygon([(-0.4, -thick / 2), (0.96, -thick / 2), (0.96, thick / 2), (-0.4, thick / 2)], 0.92)
    for place in (0.52, 0.68, 0.84)[: int(sketch.random.integers(2, 4))]:
        deep = sketch.vary(0.18, 0.34)
        sketch.polygon([(place, 0), (place + 0.1, 0), (place + 0.1, deep), (place, deep)], 0.92)
    sketch.polygon(arc(-0.6, 0, bow, bow * sketch.vary(0.85, 1.2)))
    sketch.hole(arc(-0.64, 0, bow * 0.52, bow * 0.5))
    sketch.line([(-0.2, -0.01), (0.9, -0.01)], 0.02, 0.65)


def _leaf(sketch: Sketch) -> None:
    wide = sketch.vary(0.36, 0.56)
    edge = [(0, -0.98), (wide * 0.75, -0.45), (wide, 0.05), (wide * 0.6, 0.45), (0, 0.68)]
    sketch.line([(0, 0.6), (sketch.vary(-0.15, 0.15), 0.97)], 0.06, 0.7)
    sketch.polygon(curve([*edge, *[(-x, y) for x, y in edge[-2:0:-1]]]))
    sketch.line([(0, 0.66), (0, -0.85)], 0.04, 0.6)
    for height in np.linspace(-0.5, 0.4, int(sketch.random.integers(4, 7))):
        reach = wide * 0.72 * (1 - abs(height) * 0.6)
        for way in (-1, 1):
            sketch.line([(0, height + 0.12), (way * reach, height - 0.14)], 0.022, 0.65)


def _mug(sketch: Sketch) -> None:
    tall, wide = sketch.vary(0.55, 0.8), sketch.vary(0.42, 0.56)
    handle = sketch.vary(0.24, 0.34)
    sketch.polygon(arc(wide - 0.12, 0.08, handle + 0.16, tall * 0.58), 0.85)
    sketch.hole(arc(wide - 0.12, 0.08, handle, tall * 0.38))
    left, right = -wide - 0.12, wide - 0.12
    bottom = arc((left + right) / 2, tall, wide * 0.94, 0.14, 0, 180)
    sketch.polygon([(left, -tall), (right, -tall), *bottom])
    sketch.polygon(arc((left + right) / 2, -tall, wide, 0.17), 1.18)
    sketch.polygon(arc((left + right) / 2, -tall + 0.02, wide * 0.86, 0.115), 0.35, True)
    if sketch.random.random() < 0.6:
        band = sketch.vary(-0.2, 0.3)
        sketch.polygon([(left, band), (right, band), (right, band + 0.16), (left, band + 0.16)], 1.0, True)


def _mushroom(sketch: Sketch) -> None:
    cap, high, stem = sketch.vary(0.72, 0.95), sketch.vary(0.65, 0.95), sketch.vary(0.16, 0.28)
    sketch.polygon(
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
    sketch.polygon(arc(0, 0, cap, 0.17), 0.6, True)
    sketch.polygon(arc(0, 0, cap, high, 180, 360))
    for _ in range(int(sketch.random.integers(3, 8))):
        turn, far, spot = sketch.vary(200, 340), sketch.vary(0.2, 0.8), sketch.vary(0.05, 0.12)
        x, y = cap * far * math.cos(math.radians(turn)), high * far * math.sin(math.radians(turn))
        sketch.polygon(arc(x, y, spot, spot * 0.8), 1.3, True)


def _umbrella(sketch: Sketch) -> None:
    wide, high, panels = sketch.vary(0.82, 0.97), sketch.vary(0.6, 0.8), int(sketch.random.integers(4, 7))
    sketch.line([(0, -0.8), (0, 0.72), *arc(0.14, 0.74, 0.14, 0.18, 180, 20)], 0.055, 0.7, True)
    sketch.polygon(arc(0, 0, wide, high, 180, 360))
    step = 2 * wide / panels
    for number in range(panels):
        middle = -wide + (number + 0.5) * step
        sketch.hole(arc(middle, 0.005, step / 2, 0.13, 180, 360))
    for number in range(1, panels):
        foot = -wide + number * step
        sketch.line([(0, -high), (foot * 0.72, -high * 0.55), (foot, -0.02)], 0.022, 0.6)
    sketch.line([(0, 0.0), (0, 0.72)], 0.055, 0.7, True)
    sketch.line([(0, -high), (0, -high - 0.12)], 0.05, 0.6, True)


OBJECTS: dict[str, tuple[Paint, Hue, Hue]] = {
    "fish": (_fish, (180, 250, 0.2, 0.65), (10, 55, 0.3, 0.7)),
    "key": (_key, (35, 60, 0.1, 0.6), (0, 360, 0, 0.2)),
    "leaf": (_leaf, (60, 140, 0.35, 0.7), (60, 140, 0.2, 0.7)),
    "mug": (_mug, (0, 360, 0.3, 0.7), (0, 360, 0, 0.3)),
    "mushroom": (_mushroom, (-10, 35, 0.4, 0.7), (30, 60, 0.05, 0.25)),
    "umbrella": (_umbrella, (240, 340, 0.3, 0.7), (0, 360, 0, 0.4)),
}
"""What is on the photos, by class: how it is drawn, and its usual two colours."""
