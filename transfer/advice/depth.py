"""How deep to fine-tune, from what was measured: deeper only where that is better beyond noise.

All depths were measured on the same photos, so they are compared photo by photo: what both name right, or both wrong,
says nothing about which is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from transfer.messages.measurements import DepthMeasured

NAMES = ("only the new layers", "the last block", "the last two blocks")  # by how many blocks are unfrozen


@dataclass(frozen=True)
class Gain:
    """What one is better by than another, as a share of the photos; `low` to `high` is its 95 % interval."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        points = f"{_points(self.share)} point" + ("" if _points(self.share) in ("+1.0", "-1.0") else "s")
        return f"{points} (95 % interval {_points(self.low)} to {_points(self.high)})"


@dataclass(frozen=True)
class DepthAdvice:
    """Which depth to take, and why in words."""

    best: DepthMeasured
    reason: str


def gain(one: str, other: str, z: float = 1.959964) -> Gain:
    """What `one` is better by than `other`, each a "1" or "0" for each photo in the same order.

    The interval is that of a difference of paired shares by Agresti and Min 2005, "Simple improved confidence intervals
    for comparing matched proportions": Wald's, after half a photo was added to each of the four cells.
    """
    pairs = list(zip(one, other, strict=True))
    ahead, behind = pairs.count(("1", "0")), pairs.count(("0", "1"))
    photos, b, c = len(pairs) + 2, ahead + 0.5, behind + 0.5
    middle = (b - c) / photos
    spread = z * math.sqrt(b + c - (b - c) ** 2 / photos) / photos
    return Gain((ahead - behind) / max(len(pairs), 1), middle - spread, middle + spread)


def advised_depth(measured: Sequence[DepthMeasured]) -> DepthAdvice | None:
    """The depth to take; None before the head only and one other depth are known."""
    by_blocks = {each.blocks: each for each in measured}
    head = by_blocks.pop(0, None)
    if head is None or not by_blocks:
        return None
    best = head
    for _, deeper in sorted(by_blocks.items()):
        if gain(deeper.right, best.right).low > 0:
            best = deeper
    if best is not head:
        better = gain(best.right, head.right)
        return DepthAdvice(
            best,
            f"Unfreeze {NAMES[best.blocks]}: it is right on {best.accuracy:.1%} of new photos instead of "
            f"{head.accuracy:.1%}, {better}. {_time(best, head)}",
        )
    tried = max(by_blocks.values(), key=lambda each: each.accuracy)
    found = gain(tried.right, head.right)
    verdict = "which is worse beyond noise" if found.high < 0 else "which is within noise"
    return DepthAdvice(
        head,
        f"Keep all layers frozen: unfreezing {NAMES[tried.blocks]} gives {found}, {verdict}. {_time(tried, head)}",
    )


def _time(deeper: DepthMeasured, head: DepthMeasured) -> str:
    times = deeper.training_seconds / max(head.training_seconds, 1e-3)
    return f"Training takes {times:.0f} times as long." if times >= 1.5 else ""


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
