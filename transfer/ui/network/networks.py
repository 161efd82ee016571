"""What could be trained instead of a network whose weights are not here, and the width that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transfer.config import RunConfig
from transfer.networks.backbones import BACKBONES, RECOMMENDED, Backbone
from transfer.networks.weights import describe, present, stand_in


@dataclass(frozen=True)
class Offer:
    """Something that can be trained right now instead: in words, and the settings it changes."""

    label: str
    settings: dict[str, Any]


def width(name: str, alpha: Any) -> float:
    """The chosen width, or 1 where the network does not come in it (another network was chosen a moment ago)."""
    record = BACKBONES.get(name)
    try:
        chosen = float(alpha)
    except (TypeError, ValueError):
        return 1.0
    return chosen if record is not None and chosen in record.alphas else 1.0


def offers(config: RunConfig) -> list[Offer]:
    """What could be trained instead of a network whose weights are not here, most alike first."""
    found = []
    record = BACKBONES.get(config.backbone)
    if record is not None and config.alpha in record.alphas:
        file = stand_in(record, config.alpha, config.image_size)
        if file is not None:
            label = f"Use its {record.image_size} px weights at {config.image_size} px"
            found.append(Offer(label, {"weights": str(file)}))
    here = sorted(present(), key=lambda each: _unlike(config, *each))
    for other, alpha, size in here[:2]:
        settings: dict[str, Any] = {"backbone": other.name, "alpha": alpha, "weights": "imagenet"}
        settings["image_size"] = None if size == other.image_size else size
        found.append(Offer(f"Use {describe(other, alpha, size)}", settings))
    return [*found, Offer("Start from nothing (random)", {"weights": "random"})]


def _unlike(config: RunConfig, record: Backbone, alpha: float, size: int) -> tuple[bool, bool, bool, float]:
    chosen = BACKBONES.get(config.backbone) or BACKBONES[RECOMMENDED]
    return record.name != chosen.name, record.family != chosen.family, size != record.image_size, -alpha
