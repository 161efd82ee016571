"""Phases: what the two phases of transfer learning are, and what follows from the settings before anything is computed.

Which phases a run has and what a photo of each class counts. Carrying them out is `trainer`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset

PHASES = ("head", "fine_tune")


@dataclass(frozen=True)
class Phase:
    """One of the two phases.

    Attributes:
        name: head or fine_tune.
        index: its part of the key an epoch's order follows from.
        epochs: how many at most.
        learning_rate: as in `RunConfig`; the highest one where a schedule lowers it.
        patience: epochs without improvement before it ends; 0 for never.
        description: for people.
    """

    name: str
    index: int
    epochs: int
    learning_rate: float
    patience: int
    description: str


def phases(config: RunConfig) -> list[Phase]:
    """The phases that have epochs, in order."""
    head, tune = (phase(config, name) for name in PHASES)
    return [each for each in (head, tune) if each.epochs and (each is head or config.fine_tunes)]


def phase(config: RunConfig, name: str) -> Phase:
    """A phase by its name, also one that has no epochs."""
    patience = config.early_stopping_patience
    if name == "head":
        return Phase(name, 0, config.head_epochs, config.head_learning_rate, patience, "the new layers learn")
    tuning = "the unfrozen layers are adjusted"
    return Phase(name, 1, config.fine_tune_epochs, config.fine_tune_learning_rate, patience, tuning)


def class_weights(config: RunConfig, dataset: Dataset) -> np.ndarray:
    """What a photo of each class counts, (classes,) float32, with a mean of 1 over the training photos.

    The weights are photos / (classes × photos of the class), as scikit-learn's "balanced".
    """
    counts = dataset.counts()["train"].to_numpy()
    uneven = counts.max() >= 2 * max(counts.min(), 1)
    if config.class_weights == "off" or (config.class_weights == "auto" and not uneven):
        return np.ones(len(counts), np.float32)
    return (counts.sum() / (len(counts) * np.maximum(counts, 1))).astype(np.float32)
