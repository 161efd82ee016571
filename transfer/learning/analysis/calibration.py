"""Calibration: whether a model's confidence is the share of its answers that are right, and what makes it so.

The reliability diagram and the expected calibration error measure it, a temperature mends it (Guo et al. 2017). NumPy
only: probabilities and labels in, numbers out.
"""

from __future__ import annotations

import numpy as np

from transfer.learning.analysis.intervals import wilson
from transfer.learning.training.ridge import log_loss
from transfer.runs.metrics import Calibration, ConfidenceBin

A_BIN = 15  # photos, at least: with fewer a share says nothing
BINS = 10
DRAWS = 200  # of perfectly calibrated answers, by which the error that chance makes is known
PRIOR = 0.3  # how far the logarithm of a temperature is from 0, of the heads that are trained here
TRIED = np.geomspace(0.2, 5, 65)


def calibration(probabilities: np.ndarray, labels: np.ndarray, before: float | None = None) -> Calibration:
    """What the confidence of some answers is worth.

    Args:
        probabilities: (photos, classes), at least one photo.
        labels: (photos,) the right classes.
        before: the error of the run's first answer.
    """
    confidence, right = probabilities.max(axis=1).astype(float), probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(max(len(order) // A_BIN, 1), BINS))
    bins = []
    for part in parts:
        hits = int(right[part].sum())
        low, high = wilson(hits, len(part))
        bins.append(ConfidenceBin(len(part), float(confidence[part].mean()), hits / len(part), low, high))
    draws = np.random.default_rng(0).random((DRAWS, len(order))) < confidence
    chance = float(np.mean([_error(parts, confidence, drawn) for drawn in draws]))
    return Calibration(tuple(bins), _error(parts, confidence, right), chance, before)


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """What the logits of some answers are multiplied by to be best calibrated: below 1 where they are too sure.

    It is that of the least cross-entropy, held near 1 by a prior as long as few photos speak for another: that a few
    dozen are all named right does not show that the next one will be.

    Args:
        probabilities: (photos, classes) for photos that the model did not learn from.
        labels: (photos,) the right classes.
    """
    logits = np.log(np.maximum(probabilities.astype(float), 1e-12))

    def loss(tried: float) -> float:
        return len(labels) * log_loss(logits, labels, tried) + 0.5 * (np.log(tried) / PRIOR) ** 2

    return float(min(TRIED, key=loss)) if len(labels) else 1.0


def _error(parts: list[np.ndarray], confidence: np.ndarray, right: np.ndarray) -> float:
    apart = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts]
    return float(sum(apart) / len(confidence))
