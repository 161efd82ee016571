"""What the page knows about networks: their layers, whether their weights are here, and what could be used instead.

Named networks come from the tables. A `.keras` file of one's own is looked into by a helper process, once per file;
nothing in this module imports Keras.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transfer.config import RunConfig
from transfer.messages.questions import DescribeNetwork, NetworkDescription
from transfer.networks.backbones import BACKBONES, RECOMMENDED, Backbone, backbone
from transfer.networks.layers import Layer, layers
from transfer.networks.weights import describe, present, stand_in, weights_file
from transfer.processes.client import PredictionClient


@dataclass(frozen=True)
class Offer:
    """Something that can be trained right now instead: in words, and the settings it changes."""

    label: str
    settings: dict[str, Any]


class Networks:
    """Layers of networks by name or file.

    Args:
        errands: asked about `.keras` files.
    """

    def __init__(self, errands: PredictionClient) -> None:
        self._errands = errands
        self._files: dict[tuple[str, int], NetworkDescription] = {}
        self._turn = threading.Lock()

    def layers(self, name: str, alpha: float) -> tuple[Layer, ...]:
        """The layers of a network; for a file this may take as long as starting Keras does.

        Raises:
            TransferError: when there is no such network or width, or the file is no network for photos.
        """
        if not is_custom(name):
            return layers(backbone(name).name, alpha)
        return self._look(name).layers

    def known(self, name: str, alpha: float) -> tuple[Layer, ...] | None:
        """The layers, when no waiting is needed: None for a file that nobody has looked into yet, or cannot be."""
        if is_custom(name) and _key(name) not in self._files:
            return None
        return self.layers(name, alpha)

    def image_size(self, name: str) -> int | None:
        """The photo size that is used when none is chosen; None for a file that takes any."""
        if not is_custom(name):
            return backbone(name).image_size
        return self._look(name).image_size

    def _look(self, name: str) -> NetworkDescription:
        with self._turn:
            key = _key(name)
            if key not in self._files:
                self._files[key] = self._errands.ask(DescribeNetwork(file=name), timeout=120)
            return self._files[key]


def is_custom(name: str) -> bool:
    """Whether a backbone is a file of one's own rather than a name of the list."""
    return name.strip().endswith(".keras")


def width(name: str, alpha: Any) -> float:
    """The chosen width, or 1 where the network does not come in it (another network was chosen a moment ago)."""
    record = BACKBONES.get(name)
    try:
        chosen = float(alpha)
    except (TypeError, ValueError):
        return 1.0
    return chosen if record is not None and chosen in record.alphas else 1.0


def _key(name: str) -> tuple[str, int]:
    try:
        return name, Path(name).stat().st_mtime_ns
    except OSError:
        return name, 0


# ---------------------------------------------------------------------- what is on this machine


def readiness(record: Backbone, alpha: float | None = None, image_size: int | None = None) -> str:
    """ "ready", or what it would take; without a width: the best of all widths."""
    if alpha is None:
        here = [width for width in record.alphas if weights_file(record, width, image_size).present]
        if len(here) == len(record.alphas) or 1.0 in here:
            return "ready"
        if here:
            return f"ready at width {' and '.join(f'{width:g}' for width in here)}"
        alpha = 1.0
    file = weights_file(record, alpha, image_size)
    return "ready" if file.present else f"needs a {file.megabytes:.0f} MB download"


def offers(config: RunConfig) -> list[Offer]:
    """What could be trained instead of a network whose weights are not here, most alike first."""
    found = []
    record = BACKBONES.get(config.backbone)
    if record is not None and config.alpha in record.alphas:
        file = stand_in(record, config.alpha, config.image_size)
        if file is not None:
            words = f"Use its {record.image_size} px weights at {config.image_size} px"
            found.append(Offer(words, {"weights": str(file)}))
    here = sorted(present(), key=lambda each: _unlike(config, *each))
    for other, alpha, size in here[:2]:
        settings: dict[str, Any] = {"backbone": other.name, "alpha": alpha, "weights": other.knows}
        settings["image_size"] = None if size == other.image_size else size
        found.append(Offer(f"Use {describe(other, alpha, size)}", settings))
    return [*found, Offer("Start from nothing (random)", {"weights": "random"})]


def _unlike(config: RunConfig, record: Backbone, alpha: float, size: int) -> tuple[bool, bool, bool, float]:
    chosen = BACKBONES.get(config.backbone) or BACKBONES[RECOMMENDED]
    return record.name != chosen.name, record.family != chosen.family, size != record.image_size, -alpha
