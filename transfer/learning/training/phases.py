"""Phases: what the two phases of transfer learning are, and what follows from the settings before anything is computed.

Which phases a run has, the rule by which each corrects the network, what a photo of each class counts, and where
training stands between two epochs. Carrying them out is `training`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.learning.training.adam import Adam, AdamW
from transfer.messages.events import EarlyStopped


@dataclass(frozen=True)
class Phase:
    """One of the two phases; `index` is its part of the key an epoch's order follows from."""

    name: str
    index: int
    epochs: int
    learning_rate: float
    description: str


@dataclass
class State:
    """Where training stands between two epochs; with the variables in the `Checkpoint` all that a resume needs.

    Attributes:
        phase, epoch: epochs of this phase that are done.
        step: epochs of both phases that are done.
        value: the lowest loss so far over both phases, and None before the first epoch.
        phase_value, phase_epoch: the lowest loss of this phase, and its epoch.
        wait: epochs of this phase without improvement.
        phase_over: nothing more to do in this phase.
    """

    phase: str = "head"
    epoch: int = 0
    step: int = 0
    value: float | None = None
    phase_value: float | None = None
    phase_epoch: int = 0
    wait: int = 0
    phase_over: bool = False

    def advance(self, phase: Phase, patience: int, value: float, better: bool) -> list[EarlyStopped]:
        """Early stopping and the best so far, after a whole epoch.

        Args:
            phase: the one it was an epoch of.
            patience: epochs without improvement before a phase ends; 0 for never.
            value: the epoch's loss; `better` says whether it is the best of the run.

        Returns:
            What the log should be told beside the epoch itself.
        """
        self.epoch += 1
        self.step += 1
        self.value = value if better else self.value
        if self.phase_value is None or value < self.phase_value:
            self.phase_value, self.phase_epoch, self.wait = value, self.epoch, 0
        else:
            self.wait += 1
        if self.epoch >= phase.epochs:
            self.phase_over = True
        elif patience and self.wait >= patience:
            self.phase_over = True
            return [EarlyStopped(phase=phase.name, epoch=self.epoch, best_epoch=self.phase_epoch)]
        return []


def phases(config: RunConfig) -> list[Phase]:
    """The phases that have epochs, in order."""
    head = Phase("head", 0, config.head_epochs, config.head_learning_rate, "the new layers learn")
    tune = Phase(
        "fine_tune", 1, config.fine_tune_epochs, config.fine_tune_learning_rate, "the unfrozen layers are adjusted"
    )
    return [phase for phase in (head, tune) if phase.epochs and (phase is head or config.fine_tunes)]


def class_weights(config: RunConfig, dataset: Dataset) -> np.ndarray:
    """What a photo of each class counts, (classes,) float32, with a mean of 1 over the training photos.

    The weights are photos / (classes × photos of the class), as scikit-learn's "balanced".
    """
    counts = dataset.counts()["train"].to_numpy()
    uneven = counts.max() >= 2 * max(counts.min(), 1)
    if config.class_weights == "off" or (config.class_weights == "auto" and not uneven):
        return np.ones(len(counts), np.float32)
    return (counts.sum() / (len(counts) * np.maximum(counts, 1))).astype(np.float32)


def optimizer(config: RunConfig, learning_rate: float, total_steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of one phase with its schedule; under mixed precision it scales the loss by itself."""
    rate: Any = learning_rate
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, max(total_steps, 1))
    made: keras.optimizers.Optimizer = {
        "adam": lambda: Adam(rate),
        "adamw": lambda: AdamW(rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9),
    }[config.optimizer]()
    if keras.config.dtype_policy().compute_dtype == "float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    return made
