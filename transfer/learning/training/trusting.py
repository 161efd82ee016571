"""Trusting: from which photos of a run its model learns how far to trust its answers; what is learned is in
`analysis.trust`.

The photos asked about are those the answers were not learned from: validation photos, or, where those were learned from
as well, each one while it was left out. Features that were kept are used; only where there are none, which is so after
fine-tuning, a few photos go through the network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.subset import as_training, subset
from transfer.learning.analysis.trust import Trust

KNOWN = 1000  # photos that a new one is compared with, at most
FEW = 200  # photos, of those and of those asked about, where each must go through the network
FEWEST = 20  # photos to ask about, below which nothing is known
WIDEST = 4096  # features of a photo that are worth being kept

Look = Callable[[Dataset], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Training photos -> features (photos, n), probabilities (photos, classes), and which could be read, (photos,) bool."""


def trust(
    dataset: Dataset,
    look: Look | None,
    few: bool,
    left_out: tuple[Sequence[Photo], np.ndarray] | None = None,
) -> Trust | None:
    """What a model knows of its limits; None where there are too few photos to tell.

    Args:
        dataset: of the run.
        look: what the network sees; None where features cannot be had.
        few: whether looking takes long.
        left_out: photos that it learned from, and its probabilities for each while that was left out; else validation
            photos are asked about.
    """
    asked = list(left_out[0] if left_out else dataset.of("validation"))
    if len(asked) < FEWEST:
        return None
    if look is None:
        return Trust.of(left_out[1], _labels(asked)) if left_out else None
    places = np.arange(0, len(asked), max(1, len(asked) // FEW) if few else 1)
    asked = [asked[place] for place in places]
    features, probabilities, real = look(as_training(dataset, asked))
    probabilities = left_out[1][places] if left_out else probabilities
    if real.sum() < FEWEST:
        return None
    asked = [photo for photo, there in zip(asked, real, strict=True) if there]
    features, probabilities = features[real], probabilities[real]
    if features.shape[1] > WIDEST:
        return Trust.of(probabilities, _labels(asked))
    learned = dataclasses.replace(dataset, photos=dataset.of("train"))
    known = subset(learned, max((FEW if few else KNOWN) // len(dataset.classes), 1))
    seen, _, there = look(known)
    photos = [photo for photo, read in zip(known.photos, there, strict=True) if read]
    same = np.array([photo.digest for photo in asked])[:, None] == np.array([photo.digest for photo in photos])
    return Trust.of(probabilities, _labels(asked), features, seen[there], tuple(photo.path for photo in photos), same)


def through(network: Any, batches: Any, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `Look`, of photos in batches through `prediction.with_features`."""
    rows, real = [], []
    for batch in batches:
        there = batch.indices >= 0
        rows.append(np.asarray(network(batch.inputs[there].astype(np.float32), training=False)))
        real.append(batch.valid[there] > 0)
    found = np.concatenate(rows)
    return found[:, classes:], found[:, :classes], np.concatenate(real)


def _labels(photos: Sequence[Photo]) -> np.ndarray:
    return np.array([photo.label for photo in photos])
