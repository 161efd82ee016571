"""The network to begin with where nobody chose one."""

from __future__ import annotations

import os

from transfer.networks.backbones import RECOMMENDED, Backbone, backbone
from transfer.networks.layers import table
from transfer.networks.weights import present

LONGEST = 60.0  # seconds that the first look at the photos may take with a network nobody chose
RATE = 2.5e10  # multiply-adds of 32 bits that a core of a usual processor does in a second with the engine


def default_backbone(photos: int = 2000) -> str:
    """The network to begin with: the most accurate one that is ready, and looks at so many photos within `LONGEST`.

    How long that takes is reckoned from the multiplications of a network, not measured.
    """
    ready = [record for record, alpha, size in present() if (alpha, size) == (1.0, record.image_size)]
    quick = [record for record in ready if seconds(record, photos) <= LONGEST]
    return max(quick, key=lambda record: record.top1, default=backbone(RECOMMENDED)).name


def seconds(record: Backbone, photos: int) -> float:
    """About how long a look at so many photos takes on this machine's processor, at width 1."""
    return photos * table(record.name)["multiply_adds"]["1"] / (RATE * (os.cpu_count() or 1))
