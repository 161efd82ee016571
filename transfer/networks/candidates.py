"""Candidates: the networks that can be tried on this machine right now, and those for which something is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from transfer.networks.backbones import BACKBONES, Backbone, backbone
from transfer.networks.default import RATE
from transfer.networks.layers import table
from transfer.networks.weights import describe, present


@dataclass(frozen=True)
class Candidate:
    """A network at a width and a photo size for which its weights were made."""

    backbone: str
    alpha: float
    image_size: int

    @property
    def record(self) -> Backbone:
        return backbone(self.backbone)

    @property
    def name(self) -> str:
        """For people, such as "MobileNetV2 alpha 0.35 at 224 px"."""
        size = None if self.image_size == self.record.image_size else self.image_size
        return describe(self.record, self.alpha, size)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of `RunConfig` that choose it."""
        size = None if self.image_size == self.record.image_size else self.image_size
        return {"backbone": self.backbone, "alpha": self.alpha, "image_size": size, "weights": "imagenet"}

    @property
    def parameters(self) -> int:
        """Numbers in it, without a head."""
        return int(table(self.backbone)["total"][f"{self.alpha:g}"])

    def seconds(self, photos: int) -> float:
        """About how long a look at so many photos takes here, reckoned from its multiplications."""
        adds = table(self.backbone)["multiply_adds"][f"{self.alpha:g}"]
        scale = (self.image_size / self.record.image_size) ** 2
        return float(photos * adds * scale / (RATE * (os.cpu_count() or 1)))


def ready() -> list[Candidate]:
    """Those whose weights are on this machine, the quickest first."""
    found = [Candidate(record.name, alpha, size) for record, alpha, size in present()]
    return sorted(found, key=lambda candidate: candidate.seconds(1))


def elsewhere() -> list[Backbone]:
    """The networks of which no weights are on this machine, those that see best first."""
    here = {candidate.backbone for candidate in ready()}
    others = [record for record in BACKBONES.values() if record.name not in here]
    return sorted(others, key=lambda record: -record.top1)
