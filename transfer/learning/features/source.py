"""Kept features as batches: what an epoch is fed from where the frozen layers have already seen every photo.

It stands where `pipeline.PhotoSource` stands for photos, and numbers its samples in the same order, so that training on
kept features sees what training on photos would see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from transfer.learning.pipeline import Batch, Key, order

if TYPE_CHECKING:
    from transfer.learning.features.table import Table

RESIDENT = 64 * 2**20  # bytes up to which the features of a split are held in main memory


class FeatureSource:
    """Batches of kept features, in any order.

    Args:
        rows: (n, *shape), may be a memory map.
        places: (views, photos) int64, where the row of each is; -1 for a photo that could not be read, whose features
            are zeros and count for nothing.
        labels: (photos,) int32.
        batch_size: samples per batch.
        columns: which part of each row to give.
    """

    def __init__(
        self,
        rows: np.ndarray,
        places: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        columns: slice = slice(None),
    ) -> None:
        self._views, self.photos = places.shape
        self.batch_size = batch_size
        self._rows, self._places, self._columns = rows, places.ravel(), columns
        self._shape = (*rows.shape[1:-1], len(range(*columns.indices(rows.shape[-1]))))
        self._labels = np.tile(labels, self._views)
        self._valid = (self._places >= 0).astype(np.float32)

    def narrowed(self, columns: slice) -> FeatureSource:
        """The same with a part of each row only."""
        places = self._places.reshape(self._views, self.photos)
        return FeatureSource(self._rows, places, self._labels[: self.photos], self.batch_size, columns)

    def everything(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows of all photos at once (photos, *shape), in the first view, and which of them are real, bool."""
        return self._gather(np.arange(self.photos)), self._valid[: self.photos] > 0

    def table(self) -> Table | None:
        """All of it in main memory; None when it is too large for that."""
        count, row = len(self._places), int(np.prod(self._shape)) * self._rows.itemsize
        if count * row > RESIDENT:
            return None
        from transfer.learning.features.table import Table

        step = 2**20 // row + 1
        blocks = (self._gather(np.arange(begin, min(begin + step, count))) for begin in range(0, count, step))
        return Table.of(blocks, self._labels, self._valid)

    def numbers(self, key: Key | None = None) -> Iterator[np.ndarray]:
        """The rows of each batch of an epoch, (batch,) int64: view × photos + photo; -1 for a filler.

        Which view of a photo an epoch shows follows from the key; without one it is the first.
        """
        shown = np.zeros(self.photos, np.int64)
        if key is not None:
            shown[:] = np.random.default_rng((*key, 1)).integers(0, self._views, self.photos)
        for indices in order(self.photos, self.batch_size, key):
            yield np.where(indices >= 0, shown[indices] * self.photos + indices, -1)

    def pick(self, positions: np.ndarray, batch_size: int, view: int = 0) -> Iterator[Batch]:
        """Some photos only, in the order given; as `PhotoSource.pick`."""
        first = max(view - 1, 0) * self.photos  # views are numbered from 1; 0 is the only one where nothing is varied
        for begin in range(0, len(positions), batch_size):
            yield self._batch(first + positions[begin : begin + batch_size])

    def batches(self, key: Key | None = None) -> Iterator[Batch]:
        """One epoch; see `pipeline.Source`."""
        return map(self._batch, self.numbers(key))

    def _batch(self, numbers: np.ndarray) -> Batch:
        real = numbers >= 0
        return Batch(
            self._gather(numbers),
            np.where(real, self._labels[numbers], 0).astype(np.int32),
            np.where(real, self._valid[numbers], 0).astype(np.float32),
            np.where(real, numbers % self.photos, -1),
        )

    def _gather(self, numbers: np.ndarray) -> np.ndarray:
        places = np.where(numbers >= 0, self._places[numbers], -1)
        found = np.zeros((len(places), *self._shape), self._rows.dtype)
        found[places >= 0] = self._rows[places[places >= 0]][..., self._columns]
        return found


class MeanOfTwo:
    """The mean of what two sources of the same photos give, batch by batch; see `pipeline.Source`."""

    def __init__(self, first: FeatureSource, second: FeatureSource) -> None:
        self._first, self._second = first, second
        self.photos, self.batch_size = first.photos, first.batch_size

    def batches(self, key: Key | None = None) -> Iterator[Batch]:
        """One epoch; a photo counts where it could be read for both."""
        for one, other in zip(self._first.batches(key), self._second.batches(key), strict=True):
            mean = (one.inputs.astype(np.float32) + other.inputs) / 2
            yield dataclasses.replace(one, inputs=mean, valid=one.valid * other.valid)
