"""Which of the measured networks to take, and why. What measured them is `learning.advisor.networks`.

Networks that answer the same photos are compared photo by photo: only those count that one of them names right and the
other does not (McNemar 1947). A difference that would come about by chance more than once in ten times is noise, and
then the faster network wins. Stricter than that, and a few hundred photos would let the fastest win over one that is
three points better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from transfer.messages.measurements import NetworkMeasured
from transfer.networks.backbones import BACKBONES

Z = 1.281552  # standard deviations above which a tenth of a normal distribution lies
FEW_PHOTOS = 100  # below which a small network would nearly always be said to be as good as a large one


@dataclass(frozen=True)
class Recommendation:
    """What to take.

    Attributes:
        network: the one to take.
        reason: in a sentence or two.
        alike: all that cannot be told apart from the most accurate one, that one included.
    """

    network: NetworkMeasured
    reason: str
    alike: tuple[NetworkMeasured, ...]


def recommend(measured: Sequence[NetworkMeasured]) -> Recommendation | None:
    """The network to take of those measured so far; None before there is one."""
    if not measured:
        return None
    best = max(measured, key=lambda each: (each.accuracy, each.photos_per_second))
    alike = tuple(each for each in measured if not is_better(best, each))
    photos = len(best.right)
    if len(measured) == 1:
        return Recommendation(best, "It is the only one measured.", alike)
    if len(alike) == 1:
        second = max((each for each in measured if each is not best), key=lambda each: each.accuracy)
        reason = f"It is the most accurate: {_share(best)} right, and the next, {second.step}, {_share(second)}."
        return Recommendation(best, f"{reason} That is more than noise.", alike)
    if photos < FEW_PHOTOS:
        chosen = max(alike, key=_known_for)
        reason = (
            f"{photos} photos are too few to tell {len(alike)} of the networks apart; of these it is the one that was "
            "best on other photos (ImageNet)."
        )
        return Recommendation(chosen, reason, alike)
    chosen = max(alike, key=lambda each: each.photos_per_second)
    speed = f"{chosen.photos_per_second:.0f} photos a second"
    if chosen is best:
        noise = f"{len(alike) - 1} other{'s are' if len(alike) > 2 else ' is'} within noise of it"
        return Recommendation(best, f"It is the most accurate, and {noise} but slower ({speed} here).", alike)
    behind = 100 * (best.accuracy - chosen.accuracy)
    reason = (
        f"{best.step} was right {behind:.1f} points more often, which is within noise with {photos} photos; "
        f"this one is faster, {speed} against {best.photos_per_second:.0f}."
    )
    return Recommendation(chosen, reason, alike)


def is_better(one: NetworkMeasured, other: NetworkMeasured) -> bool:
    """Whether one network is more accurate than another by more than noise."""
    if len(one.right) != len(other.right):  # a photo became unreadable in between: no longer photo by photo
        return one.low > other.high
    photos = len(one.right)
    gained = sum(a > b for a, b in zip(one.right, other.right, strict=True))
    lost = sum(a < b for a, b in zip(one.right, other.right, strict=True))
    spread = math.sqrt(gained + lost - (gained - lost) ** 2 / photos)
    return gained - lost > Z * spread


def _share(network: NetworkMeasured) -> str:
    return f"{network.accuracy:.1%}"


def _known_for(network: NetworkMeasured) -> tuple[float, float, int]:
    """How good a network is in general; a narrower one is less so, a smaller photo shows less."""
    record = BACKBONES.get(network.backbone)
    return record.top1 - (1 - network.alpha) * 0.15 if record else 0.0, network.accuracy, network.image_size
