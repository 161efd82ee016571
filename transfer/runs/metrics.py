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
class ConfidenceBin:
    """Photos answered with about the same confidence, the probability of the class named.

    Attributes:
        photos: how many.
        confidence: mean of them, 0 to 1.
        accuracy: share of them that are right; `low` to `high` is its 95 % interval.
    """

    photos: int
    confidence: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """Whether the confidence of answers is the share of them that are right.

    Attributes:
        bins: the photos in order of confidence, as many in each.
        error: the expected calibration error: how far confidence and accuracy of a bin are apart, the mean over all
            photos (Naeini et al. 2015, with bins of equal size).
        chance: the error that answers would show on so few photos if they were perfectly calibrated.
        before: the error of the run's first answer on the same photos; None where this is the first.
    """

    bins: tuple[ConfidenceBin, ...]
    error: float
    chance: float
    before: float | None = None


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
        calibration: what its confidence is worth; None where an earlier version measured.
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
    calibration: Calibration | None = None

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
