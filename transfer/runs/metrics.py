"""Metrics: how good a trained model is, as `evaluation/metrics.json` keeps it. What measures is `learning.analysis`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from transfer.dataset.dataset import Dataset, Split


@dataclass(frozen=True)
class ClassMetrics:
    """How well one class is known; shares from 0 to 1.

    Attributes:
        name: of the class.
        photos: of it that were looked at.
        precision: of the photos said to be of this class, the share that are.
        recall: of the photos of this class, the share that are said to be.
        f1: their harmonic mean.
    """

    name: str
    photos: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Mistake:
    """A photo given a wrong class: its path in the dataset, its class, the one named, and with what probability."""

    path: str
    label: str
    predicted: str
    confidence: float


@dataclass(frozen=True)
class Metrics:
    """How good a model is on photos it did not learn from.

    Attributes:
        split: test, or validation where there are no test photos.
        photos: how many were looked at.
        accuracy: share of photos whose most probable class is the right one; `low` to `high` is its 95 % interval.
        baseline: what always naming `baseline_class`, the commonest, would give.
        loss: mean cross-entropy, natural logarithm.
        classes: one by one.
        confusion: photos by (right class, named class).
        mistakes: the wrong answers given with the most confidence, that first.
    """

    split: Split
    photos: int
    accuracy: float
    low: float
    high: float
    baseline: float
    baseline_class: str
    loss: float
    classes: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    mistakes: tuple[Mistake, ...] = ()

    def measured_on(self, dataset: Dataset) -> str:
        """The photos it was measured on, in words that say when some of the split are gone."""
        there = len(dataset.of(self.split))
        count = f"{self.photos:,}" if self.photos >= there else f"{self.photos:,} of {there:,}"
        return f"{count} {self.split} photos"

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> Metrics:
        """What `to_dict` gave.

        Raises:
            ValueError: when it is something else.
        """
        metrics: Metrics = _adapter.validate_python(data)
        return metrics


_adapter = TypeAdapter(Metrics)
