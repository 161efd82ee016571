"""Features: what the frozen part of the network says about each photo, computed once and trained from.

A frozen layer gives the same answer every epoch, so the answers are kept in one float32 `.npy` file per split. The
file grows batch by batch and says how far it is, so that a killed run goes on where it was. Where the network is cut
in two is decided by `cut` alone; nothing else here knows what the numbers are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.lib.format import open_memmap

from transfer.errors import TrainingError
from transfer.learning.device import Device
from transfer.learning.model import Classifier
from transfer.learning.pipeline import Batch, Key, PhotoSource, order
from transfer.learning.reporter import Reporter
from transfer.learning.steps import Network, joined, share

FLUSH = 5.0  # seconds between two notes of how far the file is


@dataclass(frozen=True)
class Cut:
    """A network in two parts.

    Attributes:
        lower: float32 photos, 0-255 -> features; never trains.
        upper: features -> probabilities.
    """

    lower: Network
    upper: Network


def cut(classifier: Classifier) -> Cut:
    """Cut before the head, behind the pooling: what lies below never trains in the head phase."""
    return Cut(classifier.features, classifier.head)


class FeatureSource:
    """Batches of kept features, in any order.

    Args:
        features: (photos, …) float32, may be a memory map.
        labels: (photos,) int32.
        unreadable: positions of photos that could not be read; their features are zeros and count for nothing.
        batch_size: samples per batch.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, unreadable: list[int], batch_size: int) -> None:
        self.photos = len(labels)
        self.batch_size = batch_size
        self._features = features
        self._labels = labels
        self._valid = np.ones(len(labels), np.float32)
        self._valid[unreadable] = 0.0

    def batches(self, key: Key | None = None) -> Iterator[Batch]:
        """One epoch; see `pipeline.Source`."""
        for indices in order(self.photos, self.batch_size, key):
            real = indices >= 0
            yield Batch(
                np.ascontiguousarray(self._features[indices]),
                np.where(real, self._labels[indices], 0).astype(np.int32),
                np.where(real, self._valid[indices], 0).astype(np.float32),
                indices,
            )


class Extractor:
    """The lower part, compiled once for all splits and shared among all devices.

    Args:
        lower: float32 photos -> features.
        device: computes them.
    """

    def __init__(self, lower: Network, device: Device) -> None:
        self._device = device
        strategy = device.strategy

        def of_some(images: Any) -> Any:
            return tf.cast(lower(tf.cast(images, tf.float32), training=False), tf.float32)

        @tf.function(jit_compile=False)
        def features(images: Any) -> Any:
            return strategy.run(of_some, (images,))

        self._features = features

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(batch, size, size, 3) uint8 -> (at least batch, …) float32, in the same order."""
        return joined(self._device, self._features(*share(self._device, images)))


def compute(extract: Extractor, source: PhotoSource, folder: Path, split: str, reporter: Reporter) -> FeatureSource:
    """The features of one split; from the file where an earlier process left them.

    Raises:
        Stopped: when the user asked to stop; what was computed stays for a resume.
        TrainingError: when the disk is full.
    """
    file, note = folder / f"{split}.npy", folder / f"{split}.json"
    found: dict[str, Any] = json.loads(note.read_text()) if note.is_file() and file.is_file() else {}
    if found.get("done") != source.photos:
        try:
            found = _fill(extract, source, file, note, found, reporter)
        except OSError as trouble:
            raise TrainingError(
                f"The features of the {split} photos could not be written.",
                expected=f"room on the disk for them in {folder}",
                found=str(trouble),
                fix="Free some disk space, or choose average pooling or a smaller photo size, and start again.",
            ) from trouble
    return FeatureSource(np.load(file, mmap_mode="r"), source.labels, found["unreadable"], source.batch_size)


def _fill(
    extract: Extractor, source: PhotoSource, file: Path, note: Path, found: dict[str, Any], reporter: Reporter
) -> dict[str, Any]:
    done, unreadable = found.get("done", 0), list(found.get("unreadable", []))
    memory = open_memmap(file, mode="r+") if done else None
    noted = time.monotonic()
    reporter.begin("features", "The network looks at every photo once.", source.photos, done=done)
    for batch in source.batches(start=done):
        reporter.raise_if_stopped()
        rows = extract(batch.inputs)
        real = batch.indices[batch.indices >= 0]
        if memory is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            memory = open_memmap(file, mode="w+", dtype=np.float32, shape=(source.photos, *rows.shape[1:]))
        memory[real] = rows[: len(real)]
        unreadable += [int(index) for index in batch.indices[(batch.valid == 0) & (batch.indices >= 0)]]
        done += len(real)
        reporter.advance(done, batch.photos)
        if time.monotonic() > noted + FLUSH or done == source.photos:
            memory.flush()
            _write(note, {"done": done, "unreadable": unreadable})
            noted = time.monotonic()
    return {"done": done, "unreadable": unreadable}


def _write(note: Path, content: dict[str, Any]) -> None:
    temporary = note.with_suffix(".writing")
    temporary.write_text(json.dumps(content))
    temporary.replace(note)
