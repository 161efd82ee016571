"""Settings that would fit where a run would not: what to change of it, one thing at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from transfer.config import RunConfig
from transfer.costs.cost import Cost
from transfer.costs.estimate import estimate
from transfer.dataset.dataset import Dataset
from transfer.networks.backbones import BACKBONES, RECOMMENDED

SPARE = 0.9  # of the memory that is free, what a run may count on


def offers(
    config: RunConfig, dataset: Dataset, known: Sequence[Cost], memory_mb: float, disk: int, names: Iterable[str]
) -> list[dict[str, Any]]:
    """Changes of single settings, each of which lets the run fit: the gentlest of a smaller batch, photo and network.

    Args:
        config, dataset, known: as for `estimate`.
        memory_mb, disk: what is free.
        names: the settings that may be changed.
    """
    found = []
    for name in names:
        for value in _smaller(config, name):
            changed = dataclasses.replace(config, **_with(name, value))
            needed = estimate(changed, dataset, known)
            if needed.memory_mb <= SPARE * memory_mb and needed.disk <= disk:
                found.append(_with(name, value))
                break
    return found


def less(config: RunConfig) -> dict[str, Any]:
    """What to go on with where memory ran out although nobody foresaw it: half of it."""
    if config.batch_size > 1:
        return {"batch_size": config.batch_size // 2}
    return next((_with("image_size", size) for size in _smaller(config, "image_size")), {})


def _with(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if name != "backbone" else {"backbone": value, "alpha": 1.0, "image_size": None}


def _smaller(config: RunConfig, name: str) -> Iterator[Any]:
    record = BACKBONES.get(config.backbone)
    if name == "batch_size":
        size = config.batch_size // 2
        while size:
            yield size
            size //= 2
    elif name == "image_size" and config.pooling != "flatten":
        now = config.image_size or (record.image_size if record else 224)
        sizes = record.weight_sizes if record and record.weight_sizes else range(1024, 31, -32)
        yield from sorted((size for size in sizes if size <= 3 * now / 4), reverse=True)
    elif name == "backbone" and config.backbone != RECOMMENDED and config.weights == "imagenet":
        yield RECOMMENDED
