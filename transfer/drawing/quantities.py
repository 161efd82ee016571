"""Quantities as people say them: a share, a count, a size."""

from __future__ import annotations

import math


def percent(share: float | None) -> str:
    """A share of 0..1: 92%, 92.3%; "–" where there is none."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{share:.1%}".replace(".0%", "%")


def counted(number: int, noun: str) -> str:
    """1 round, 2 rounds."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def readable(count: int | None) -> str:
    """A count that can be read at a glance: 812, 35.2 thousand, 2.22 million."""
    if count is None:
        return "unknown"
    for size, word in ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")):
        if count >= 0.9995 * size:  # what would round up to 1000 of the next smaller word
            return f"{count / size:.3g} {word}"
    return str(count)


def megabytes(size: int) -> str:
    """A number of bytes: 12 kB, 45 MB, 1.2 GB."""
    if 0 < size < 500_000:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e9:.1f} GB".replace(".0 GB", " GB") if size >= 1e9 else f"{size / 1e6:.0f} MB"
