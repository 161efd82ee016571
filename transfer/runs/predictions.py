"""Predictions: what a model said of each photo that it was measured on, as `evaluation/predictions.csv` keeps it. What
measures is `learning.analysis`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from transfer.runs.run import Run


@dataclass(frozen=True)
class Prediction:
    """A photo, its path in the dataset, its class, the one named, and with what probability."""

    path: str
    label: str
    predicted: str
    confidence: float

    @property
    def right(self) -> bool:
        return self.label == self.predicted


def predictions(run: Run) -> tuple[Prediction, ...]:
    """All of them, in the order of the dataset; none where the file is missing or damaged, which no score needs."""
    file = run.evaluation_dir / "predictions.csv"
    try:
        stat = file.stat()
        return _read(file, stat.st_mtime_ns, stat.st_size)
    except (OSError, KeyError, ValueError, TypeError, csv.Error):
        return ()


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> tuple[Prediction, ...]:
    """Kept, because the page looks at the same run again and again."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Prediction(row["path"], row["label"], row["predicted"], float(row["confidence"]))
            for row in csv.DictReader(file)
        )
