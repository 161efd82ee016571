"""Near copies: photos in different splits that show the same picture, cut, turned, mirrored, smaller or re-compressed.

Candidates are the nearest photos by their kept features. Whether two are one picture is then seen by laying one upon
the other: an affine map of small grey pictures that makes them correlate best is found by Gauss-Newton steps (enhanced
correlation coefficient; Evangelidis and Psarakis 2008, IEEE PAMI 30), from the picture and from its mirror image. What
still differs then is another moment, not another file. NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from transfer.learning.analysis.suspects import BLOCK
from transfer.learning.analysis.trust import unit

NEAREST = 3  # candidates of each photo
ALIKE = 0.4  # cosine of features from which on it is worth a look
SIDE = 48  # pixels of the grey pictures
AS_GOOD = 0.1  # correlations of the two ways so close that both are tried
COARSE = 0.97  # correlation of slightly blurred pictures laid upon each other from which on details are compared
ROUGH = 0.4  # correlation of strongly blurred pictures from which on it is worth laying them upon each other
SAME = 0.95  # correlation of the details, once they lie upon each other, from which on it is one picture
STEPS = 25  # at most
SETTLED = 0.01  # pixels, or parts of the affine map, that a last step changes
PAIRS = 3000  # that are looked at, the nearest of all candidates
MARGIN = 0.1  # of each side that is not compared: there a cut or turned picture has nothing


@dataclass(frozen=True)
class Copy:
    """Two photos by their positions; whether one is the mirror image; how well they correlate, at most 1."""

    first: int
    second: int
    mirrored: bool
    correlation: float


def near_copies(
    rows: np.ndarray, sides: np.ndarray, pictures: Callable[[Sequence[int]], dict[int, np.ndarray]]
) -> list[Copy]:
    """Photos of different sides that are one picture, each pair once, the most alike first.

    Args:
        rows: (photos, n) features.
        sides: (photos,) int, such as the split.
        pictures: positions -> grey pictures (SIDE, SIDE) float of those that can be read.
    """
    pairs = candidates(rows, sides)[:PAIRS]
    small = pictures(sorted({each for pair in pairs for each in pair}))
    found = []
    for first, second in pairs:
        if first in small and second in small:
            mirrored, correlation = compared(small[first], small[second])
            if correlation >= SAME:
                found.append(Copy(first, second, mirrored, correlation))
    return sorted(found, key=lambda each: -each.correlation)


def candidates(rows: np.ndarray, sides: np.ndarray) -> list[tuple[int, int]]:
    """For each photo, but for those of the largest side, the `NEAREST` of other sides; each pair once, the nearest
    first."""
    rows = unit(rows - rows.mean(axis=0))
    found: dict[tuple[int, int], float] = {}
    asking = np.flatnonzero(sides != np.bincount(sides).argmax())
    for begin in range(0, len(asking), BLOCK):
        block = asking[begin : begin + BLOCK]
        alike = rows[block] @ rows.T
        alike[sides[block][:, None] == sides] = -1
        few = min(NEAREST, len(rows))
        for row, others in enumerate(np.argpartition(-alike, few - 1, axis=1)[:, :few]):
            for other in others[alike[row, others] >= ALIKE]:
                found[min(block[row], other), max(block[row], other)] = float(alike[row, other])
    return [(int(first), int(second)) for first, second in sorted(found, key=lambda pair: -found[pair])]


def compared(first: np.ndarray, second: np.ndarray) -> tuple[bool, float]:
    """Whether the second grey picture has to be mirrored to be most like the first, and how they correlate then."""
    fixed, best = _blurred(first, 6), (False, -1.0)
    ways = {False: second, True: second[:, ::-1]}
    rough = {mirrored: _correlation(fixed, _blurred(other, 6)) for mirrored, other in ways.items()}
    for mirrored, other in ways.items():
        if best[1] < SAME and rough[mirrored] >= max(ROUGH, max(rough.values()) - AS_GOOD):
            best = max(best, (mirrored, _aligned(first, other)), key=lambda each: each[1])
    return best


def _aligned(first: np.ndarray, second: np.ndarray) -> float:
    """How the details of two pictures correlate when the second is laid upon the first as well as can be."""
    warp = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for blur in (3, 1):
        warp, correlation = _gauss_newton(_blurred(first, blur), _blurred(second, blur), warp)
        if blur == 3 and correlation < COARSE:
            return -1.0
    inside = _inside()
    warped = _warped(_details(second), warp)[inside]
    seen = np.isfinite(warped)
    if seen.mean() < 0.7:
        return -1.0
    return _correlation(_details(first)[inside][seen], warped[seen])


def _gauss_newton(fixed: np.ndarray, moving: np.ndarray, warp: np.ndarray) -> tuple[np.ndarray, float]:
    """The affine map by which the moving picture correlates best with the fixed one, beginning at `warp`; and how."""
    layers = np.stack([moving, *np.gradient(moving)])
    y, x = _grid()
    best, highest = warp, -2.0
    for _ in range(STEPS):
        warped, down, across = _warped(layers, warp)
        seen = np.isfinite(warped) & _inside()
        if seen.sum() < 0.5 * SIDE * SIDE * (1 - 2 * MARGIN) ** 2:
            break
        one, other = fixed[seen] - fixed[seen].mean(), warped[seen] - warped[seen].mean()
        norms = np.linalg.norm(one), np.linalg.norm(other)
        if min(norms) < 1e-6:
            break
        correlation = float(one @ other / (norms[0] * norms[1]))
        if correlation > highest + 1e-5:
            best, highest = warp, correlation
        elif correlation < highest - 0.05:
            break
        gx, gy = across[seen], down[seen]
        slopes = np.stack([gx * x[seen], gx * y[seen], gx, gy * x[seen], gy * y[seen], gy], axis=1)
        slopes -= slopes.mean(axis=0)
        hessian = slopes.T @ slopes + 1e-3 * np.eye(6)
        gain = norms[1] / norms[0]  # brightness does not count
        step = np.linalg.solve(hessian, slopes.T @ (gain * one - other)).reshape(2, 3)
        warp = warp + step
        if np.abs(step).max() < SETTLED or np.abs(warp - np.eye(2, 3)).max() > SIDE:
            break
    return best, highest


def _warped(picture: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """Pictures (…, SIDE, SIDE) at the places that an affine map (2, 3) sends each pixel to, bilinear; not a number
    outside."""
    y, x = _grid()
    middle = (SIDE - 1) / 2
    at_x = warp[0, 0] * x + warp[0, 1] * y + warp[0, 2] + middle
    at_y = warp[1, 0] * x + warp[1, 1] * y + warp[1, 2] + middle
    inside = (at_x >= 0) & (at_x <= SIDE - 1) & (at_y >= 0) & (at_y <= SIDE - 1)
    left, top = (np.clip(np.floor(at), 0, SIDE - 2).astype(int) for at in (at_x, at_y))
    right, low = np.clip(at_x - left, 0, 1), np.clip(at_y - top, 0, 1)
    above = picture[..., top, left] * (1 - right) + picture[..., top, left + 1] * right
    below = picture[..., top + 1, left] * (1 - right) + picture[..., top + 1, left + 1] * right
    return np.where(inside, above * (1 - low) + below * low, np.nan)


@cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float) - (SIDE - 1) / 2
    return y, x


@cache
def _inside() -> np.ndarray:
    inside = np.zeros((SIDE, SIDE), bool)
    edge = round(MARGIN * SIDE)
    inside[edge:-edge, edge:-edge] = True
    return inside


def _blurred(picture: np.ndarray, width: int) -> np.ndarray:
    """A Gaussian blur of so many pixels (standard deviation `width` / 2)."""
    blur = _blur(width)
    blurred: np.ndarray = blur @ picture @ blur.T
    return blurred


@cache
def _blur(width: int) -> np.ndarray:
    """The blur of a row of pixels as a matrix (SIDE, SIDE)."""
    apart = np.arange(SIDE)[:, None] - np.arange(SIDE)
    kernel = np.exp(-2 * np.square(apart / width))
    blur: np.ndarray = kernel / kernel.sum(axis=1, keepdims=True)
    return blur


def _details(picture: np.ndarray) -> np.ndarray:
    """What is left of a picture without its broad light and shade, in which very different photos can agree."""
    return _blurred(picture, 1) - _blurred(picture, 4)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    one, other = first.ravel() - first.mean(), second.ravel() - second.mean()
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if norm > 1e-9 else 0.0
