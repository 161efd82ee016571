"""Probe: how far a linear classifier gets with the features of photos that it has not seen. NumPy only.

Ridge regression of the classes upon the features: it has a closed form, and so has leaving each photo out in turn and
asking the others about it (the PRESS statistic; Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
section 7.10, formula 7.64). So every photo is a test photo, nothing depends on how folds were dealt, and every strength
of the penalty is tried at the cost of one decomposition. What features are is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PENALTIES = tuple(10.0**power for power in np.arange(-4, 2.01, 0.5))
"""Strengths of the L2 penalty that are tried, as shares of the mean square of the photos' features together."""


@dataclass(frozen=True)
class Probe:
    """What a linear classifier says about photos that it did not learn from.

    Attributes:
        right: (photos,) bool, whether the class with the highest score is the right one.
        penalty: the strength of the L2 penalty that was best, one of `PENALTIES`.
    """

    right: np.ndarray
    penalty: float


def probe(features: np.ndarray, labels: np.ndarray) -> Probe:
    """Try a linear classifier on each photo after it has learned from all the others.

    Args:
        features: (photos, n); they are standardised here.
        labels: (photos,) int; a class of a single photo can only be wrong.
    """
    x = np.asarray(features, np.float32).reshape(len(features), -1)
    x = x - x.mean(axis=0)
    spread = x.std(axis=0)
    x /= np.where(spread > 1e-6 * max(float(spread.max(initial=0.0)), 1e-12), spread, np.inf)
    classes, labels = np.unique(labels, return_inverse=True)
    y = np.eye(len(classes), dtype=np.float32)[labels]
    mean = y.mean(axis=0)
    u, squares = _decomposed(x)
    projected = u.T @ (y - mean)
    best: Probe | None = None
    lowest = np.inf
    for strength in PENALTIES:
        shrunk = squares / (squares + strength * max(float(squares.sum()) / len(x), 1e-12))
        answers = mean + u @ (shrunk[:, None] * projected)
        # What a photo weighs in its own answer; 1 / photos of it comes from the mean.
        own = np.minimum(np.square(u) @ shrunk + 1 / len(x), 1 - 1e-6)[:, None]
        left_out = (answers - own * y) / (1 - own)
        error = float(np.square(y - left_out).mean())
        if error < lowest:
            lowest, best = error, Probe(left_out.argmax(axis=1) == labels, strength)
    assert best is not None
    return best


def _decomposed(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left singular vectors (photos, rank) of x and the squares of its singular values, by its smaller side."""
    tall = len(x) > x.shape[1]
    squares, vectors = np.linalg.eigh((x.T @ x if tall else x @ x.T).astype(np.float64))
    kept = squares > 1e-6 * max(float(squares[-1]), 1e-12)
    squares, vectors = squares[kept], vectors[:, kept].astype(np.float32)
    u = x @ (vectors / np.sqrt(squares).astype(np.float32)) if tall else vectors
    return u, squares.astype(np.float32)
