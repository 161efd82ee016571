"""Pipeline: photos become batches, decoded in threads while the network computes.

The order of an epoch, and what augmentation does to each photo, follow from (seed, phase, epoch) alone, so that a
resumed run sees exactly what an uninterrupted one would have seen. All batches have the same shape: the last one is
filled up with samples of weight zero, and so is a photo that can no longer be read.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import numpy as np

from transfer.dataset.augment import augment
from transfer.dataset.dataset import Dataset, Split
from transfer.dataset.photo import read_photo

AHEAD = 3  # batches decoded in advance
Key = tuple[int, ...]
"""(seed, phase, epoch): what an epoch's order and variations follow from."""
Vary = Callable[[int], Key]
"""The position of a photo -> what its variation follows from."""


@dataclass(frozen=True)
class Batch:
    """What the network sees in one step.

    Attributes:
        inputs: (batch, ...) photos as uint8 RGB, or features as float32.
        labels: (batch,) int32.
        valid: (batch,) float32, 1 for a real sample and 0 for a filler.
        indices: (batch,) int64, positions in the split; -1 for a filler.
    """

    inputs: np.ndarray
    labels: np.ndarray
    valid: np.ndarray
    indices: np.ndarray

    @property
    def photos(self) -> int:
        """How many real samples it has."""
        return int(self.valid.sum())


class Source(Protocol):
    """Where batches come from: photos, or features computed from them."""

    photos: int
    batch_size: int

    def batches(self, key: Key | None = None) -> Iterator[Batch]:
        """One epoch; in the split's own order and unvaried when there is no key."""
        ...


def steps(source: Source) -> int:
    """Batches per epoch."""
    return -(-source.photos // source.batch_size)


def order(photos: int, batch_size: int, key: Key | None) -> Iterator[np.ndarray]:
    """The positions of each batch of an epoch, (batch,) int64, the last one filled up with -1."""
    positions = np.arange(photos) if key is None else np.random.default_rng(key).permutation(photos)
    for begin in range(0, photos, batch_size):
        batch = positions[begin : begin + batch_size]
        yield np.concatenate([batch, np.full(batch_size - len(batch), -1, batch.dtype)])


class PhotoSource:
    """The photos of one split.

    Args:
        dataset: whose photos.
        split: train, validation or test.
        image_size: edge of the square they are resized to, pixels.
        batch_size: photos per batch.
        unreadable: told (path, reason) when a photo cannot be read; it then counts as a filler.
        augmentation: off, light or strong, or mirrored; only epochs with a key, and numbered views, are varied.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: Split,
        image_size: int,
        batch_size: int,
        unreadable: Callable[[str, str], None] = lambda path, reason: None,
        augmentation: str = "off",
    ) -> None:
        self._dataset = dataset
        self._photos = dataset.of(split)
        self.photos = len(self._photos)
        self.labels = np.array([photo.label for photo in self._photos], np.int32)
        self.digests = [photo.digest for photo in self._photos]
        self.image_size = image_size
        self.batch_size = batch_size
        self._unreadable = unreadable
        self.augmentation = augmentation

    def batches(self, key: Key | None = None) -> Iterator[Batch]:
        """One epoch. Closing the generator early ends its threads."""
        vary = None if key is None else lambda index: (*key, index)
        return self._batches(order(self.photos, self.batch_size, key), vary)

    def pick(self, positions: np.ndarray, batch_size: int, view: int = 0) -> Iterator[Batch]:
        """Some photos only, in the order given.

        Args:
            positions: (n,) int64 in this split.
            batch_size: photos per batch.
            view: 0 for the photos as they are; any other number is one variation, which follows from it and the
                content of the photo alone.
        """
        vary = (lambda index: (view, int(self.digests[index][:16], 16))) if view else None
        orders = (positions[begin : begin + batch_size] for begin in range(0, len(positions), batch_size))
        return self._batches(orders, vary)

    def _batches(self, orders: Iterable[np.ndarray], vary: Vary | None) -> Iterator[Batch]:
        with ThreadPoolExecutor(_threads(), thread_name_prefix="photos") as pool:
            pending: deque[tuple[np.ndarray, np.ndarray, list[Future[str | None]]]] = deque()
            try:
                for indices in orders:
                    images = np.zeros((len(indices), self.image_size, self.image_size, 3), np.uint8)
                    reads = [
                        pool.submit(self._read, images, place, int(index), vary)
                        for place, index in enumerate(indices)
                        if index >= 0
                    ]
                    pending.append((indices, images, reads))
                    if len(pending) > AHEAD:
                        yield self._batch(*pending.popleft())
                while pending:
                    yield self._batch(*pending.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, images: np.ndarray, place: int, index: int, vary: Vary | None) -> str | None:
        """Put one photo in its place; the reason when that is impossible."""
        try:
            with self._dataset.path(self._photos[index]).open("rb") as file:
                # What is computed from it is remembered under the digest, and counts for what was checked.
                if hashlib.file_digest(file, "sha256").hexdigest() != self.digests[index]:
                    return "it was changed since the photos were checked"
                file.seek(0)
                image = read_photo(file, self.image_size)
        except (OSError, ValueError) as trouble:
            return str(trouble) or type(trouble).__name__
        if vary is not None and self.augmentation == "mirrored":
            image = image[:, ::-1]
        elif vary is not None and self.augmentation != "off":
            strength = cast(Literal["light", "strong"], self.augmentation)
            image = augment(image, strength, np.random.default_rng(vary(index)))
        images[place] = image
        return None

    def _batch(self, indices: np.ndarray, images: np.ndarray, reads: list[Future[str | None]]) -> Batch:
        valid = (indices >= 0).astype(np.float32)
        for place, read in enumerate(reads):
            if (reason := read.result()) is not None:
                valid[place] = 0.0
                self._unreadable(self._photos[indices[place]].path, reason)
        labels = np.where(indices >= 0, self.labels[indices], 0).astype(np.int32)
        return Batch(images, labels, valid, indices)


def _threads() -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(max(available, 2), 16)
