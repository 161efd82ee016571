"""Trust: whether a photo is like those a model learned from, and which classes it may be.

A photo is unlike everything when it is stranger than 95 of 100 photos of the right kind. How strange it is, say
the nearest photo that the model learned from (cosine distance of the features before the head; Sun et al. 2022), and
how sure the model is. The classes that a photo may be are a split conformal set (Vovk et al. 2005): of photos of the
right kind, 90 of 100 have their class in it. Both thresholds come from photos that the model did not learn from.

This file travels in exports: NumPy is all it needs. How the numbers of a run come about is in `training.trusting`.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

KEPT = 0.95  # share of the photos of the right kind that are not refused
COVERED = 0.9  # share of them whose class is in the set
UNSURE = 0.75  # what being unsure counts beside being far away
SURE = -1.0  # spreads below the middle from which on less doubt counts no more: many are sure of what they never saw
STEADY = 0.3  # of doubt, the least spread: a model that is always sure would take a hair less for the end of the world
NEAREST = 3  # photos that are named
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)  # what a damaged file raises


@dataclass(frozen=True)
class Told:
    """What is to be said of an answer.

    Attributes:
        possible: the classes that it may be, by number, the most probable first; at least that one.
        unfamiliar: whether the photo is unlike everything the model has learned; None: unknown.
        nearest: the photos most like it, by number in `Trust.photos`, the nearest first.
    """

    possible: tuple[int, ...]
    unfamiliar: bool | None = None
    nearest: tuple[int, ...] = ()


@dataclass(frozen=True)
class Trust:
    """What a model knows of its own limits.

    Attributes:
        least: the probability from which on a class is possible.
        features: (photos, n) float16, of length 1, of photos it learned from; none where features cannot be had.
        photos: their paths in the dataset; none in an export.
        scales: median and spread of distance, and of doubt, of photos of the right kind.
        limit: how strange a photo of the right kind may be.
    """

    least: float
    features: np.ndarray
    photos: tuple[str, ...] = ()
    scales: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0)
    limit: float = np.inf

    @classmethod
    def of(
        cls,
        probabilities: np.ndarray,
        labels: np.ndarray,
        features: np.ndarray | None = None,
        known: np.ndarray | None = None,
        photos: tuple[str, ...] = (),
        same: np.ndarray | None = None,
    ) -> Trust:
        """Learn the thresholds.

        Args:
            probabilities: (n, classes) for photos that the model did not learn from.
            labels: (n,) their classes.
            features: (n, d) of the same photos; None where features cannot be had.
            known: (m, d) of photos that it learned from.
            photos: their paths.
            same: (n, m) bool, which of them are the same photo, that it may not be compared with.
        """
        least = _least(probabilities[np.arange(len(labels)), labels], COVERED)
        if features is None or known is None or not len(known):
            return cls(least, np.empty((0, 0), np.float16))
        trust = cls(least, unit(known).astype(np.float16), photos)
        likeness = trust._likeness(features)
        if same is not None:
            likeness = np.where(same, -1.0, likeness)
        far, doubt = 1 - likeness.max(axis=1), _doubt(probabilities)
        trust = replace(trust, scales=(*_scale(far), *_scale(doubt, STEADY)))
        strange = trust._strange(likeness, probabilities)
        return replace(trust, limit=-_least(-strange, KEPT))

    @property
    def width(self) -> int:
        """How many features of a photo it takes, the last ones; 0: none."""
        return int(self.features.shape[1])

    def tell(self, probabilities: np.ndarray, features: np.ndarray | None = None) -> list[Told]:
        """What is to be said of some answers.

        Args:
            probabilities: (n, classes).
            features: (n, at least `width`) of the same photos, of any length.
        """
        orders = np.argsort(-probabilities, axis=1, kind="stable")
        sets = [tuple(int(i) for k, i in enumerate(order) if not k or row[i] >= self.least)
                for order, row in zip(orders, probabilities, strict=True)]  # fmt: skip
        if features is None or not self.width:
            return [Told(possible) for possible in sets]
        likeness = self._likeness(features[:, -self.width :])
        strange = self._strange(likeness, probabilities) > self.limit
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
        return [
            Told(possible, bool(refused), tuple(map(int, near)))
            for possible, refused, near in zip(sets, strange, nearest, strict=True)
        ]

    def without_features(self) -> Trust:
        """The same where only probabilities can be had."""
        return Trust(self.least, np.empty((0, 0), np.float16))

    def write(self, file: Path, photos: bool = True) -> None:
        """Keep it, with or without the paths of the photos."""
        names = np.array(self.photos if photos else (), dtype=str)
        with file.open("wb") as out:
            np.savez(out, least=self.least, features=self.features, photos=names, scales=self.scales, limit=self.limit)

    @classmethod
    def read(cls, file: Path) -> Trust:
        """What `write` kept.

        Raises:
            UNREADABLE: when there is none, or it is damaged.
        """
        with np.load(file, allow_pickle=False) as kept:
            first, second, third, fourth = map(float, kept["scales"])
            return cls(
                float(kept["least"]),
                kept["features"],
                tuple(map(str, kept["photos"])),
                (first, second, third, fourth),
                float(kept["limit"]),
            )

    def _likeness(self, features: np.ndarray) -> np.ndarray:
        """(n, photos) cosine."""
        likeness: np.ndarray = unit(features) @ self.features.T.astype(np.float32)
        return likeness

    def _strange(self, likeness: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        middle, spread, doubt, doubts = self.scales
        far: np.ndarray = (1 - likeness.max(axis=1) - middle) / spread
        return far + UNSURE * np.maximum((_doubt(probabilities) - doubt) / doubts, SURE)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32."""
    rows = rows.astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _doubt(probabilities: np.ndarray) -> np.ndarray:
    """How unsure answers are, so that 90 and 99 % are as far apart as 10 and 1 % of doubt."""
    doubt: np.ndarray = np.log(1.01 - probabilities.max(axis=1).astype(float))
    return doubt


def _scale(values: np.ndarray, least: float = 1e-6) -> tuple[float, float]:
    """Median, and spread by the median deviation, which the few that are far off do not stretch."""
    middle = float(np.median(values))
    return middle, max(1.4826 * float(np.median(np.abs(values - middle))), least)


def _least(values: np.ndarray, share: float) -> float:
    """A number that so many of new values reach, at least, in the mean over samples; minus infinity of too few."""
    rank = int(np.ceil((len(values) + 1) * share))
    return float(np.sort(values)[len(values) - rank]) if rank <= len(values) else -np.inf
