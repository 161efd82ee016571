"""Kept features as batches: what an epoch is fed from where the frozen layers have already seen every photo.

It stands where `pipeline.PhotoSource` stands for photos, and numbers its samples in the same order, so that training on
kept features sees what training on photos would see.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from transfer.learning.features.table import Table
from transfer.learning.pipeline import Batch, Key, order

RESIDENT = 64 * 2**20  # bytes up to which the features of a split are held in main memory


class FeatureSource:
    """Batches of kept features, in any order.

    Args:
        rows: (n, *shape), may be a memory map.
        places: (views, photos) int64, where the row of each is; -1 for a photo that could not be read, whose features
            are zeros and count for nothing.
        labels: (photos,) int32.
        batch_size: samples per batch.
    """

    def __init__(self, rows: np.ndarray, places: np.ndarray, labels: np.ndarray, batch_size: int) -> None:
        self._views, self.photos = places.shape
        self.batch_size = batch_size
        self._rows, self._places = rows, places.ravel()
        self._labels = np.tile(labels, self._views)
        self._valid = (self._places >= 0).astype(np.float32)

    def table(self) -> Table | None:
        """All of it in main memory; None when it is too large for that."""
        count, row = len(self._places), int(np.prod(self._rows.shape[1:])) * self._rows.itemsize
        if count * row > RESIDENT:
            return None
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
        found = np.zeros((len(places), *self._rows.shape[1:]), self._rows.dtype)
        found[places >= 0] = self._rows[places[places >= 0]]
        return found
