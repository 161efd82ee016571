"""Ridge regression of classes upon features: a linear head in closed form, and what it says about photos left out.

Leaving each photo out in turn and asking the others about it has a closed form too (the PRESS statistic; Hastie,
Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10, formula 7.64), so every photo is a test
photo and every strength of the penalty is tried at the cost of one decomposition. NumPy only; what the features are is
not known here.
"""

from __future__ import annotations

import bisect

import numpy as np

PENALTIES = tuple(10.0**power for power in np.arange(-4, 2.01, 0.5))
"""Strengths of the L2 penalty that are tried, as shares of the mean square of a photo's features together."""
TEMPERATURES = np.geomspace(1, 100, 41)
"""What scores, which lie between 0 and 1, are multiplied by to become logits."""


class Ridge:
    """A regression that can be asked with any penalty.

    Args:
        x: (photos, n) float32, standardised.
        labels: (photos,) int.
        classes: how many there are.
        weights: (photos,) what each photo counts; None: all the same.
    """

    def __init__(self, x: np.ndarray, labels: np.ndarray, classes: int, weights: np.ndarray | None = None) -> None:
        weights = np.ones(len(x), np.float32) if weights is None else weights.astype(np.float32)
        self._y = np.eye(classes, dtype=np.float32)[labels]
        self._share = weights / weights.sum()
        self._root = np.sqrt(weights)[:, None]
        self._centre, self._mean = self._share @ x, self._share @ self._y
        self._x = (x - self._centre) * self._root
        self._u, self._squares = _decomposed(self._x)
        self._projected = self._u.T @ ((self._y - self._mean) * self._root)
        self.scale = max(float(self._squares.sum()) / len(x), 1e-12)

    def left_out(self, penalty: float) -> np.ndarray:
        """What the regression upon all other photos says about each photo: scores (photos, classes)."""
        shrunk = self._squares / (self._squares + penalty * self.scale)
        said = self._mean + self._u @ (shrunk[:, None] * self._projected) / self._root
        own = np.minimum(np.square(self._u) @ shrunk + self._share, 1 - 1e-6)[:, None]  # what a photo weighs in it
        left_out: np.ndarray = (said - own * self._y) / (1 - own)
        return left_out

    def solution(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        """The regression upon all photos: kernel (n, classes) and bias (classes,)."""
        inner = self._projected / (self._squares + penalty * self.scale)[:, None]
        kernel = self._x.T @ (self._u @ inner)
        return kernel, self._mean - self._centre @ kernel


def log_loss(scores: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """The mean cross-entropy, natural logarithm, of softmax(temperature × scores)."""
    logits = temperature * scores
    logits = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]).mean())


def best_temperature(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The temperature that makes scores of photos left out the best probabilities, and their `log_loss` with it.

    The loss is convex in the temperature, so the one from which on it rises is found by halving.
    """

    def loss(at: int) -> float:
        return log_loss(scores, labels, float(TEMPERATURES[at]))

    best = bisect.bisect_left(range(len(TEMPERATURES) - 1), True, key=lambda at: loss(at) <= loss(at + 1))
    return float(TEMPERATURES[best]), loss(best)


def softmax(logits: np.ndarray) -> np.ndarray:
    """(photos, classes) probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def _decomposed(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left singular vectors (photos, rank) of x and the squares of its singular values, by its smaller side."""
    tall = len(x) > x.shape[1]
    squares, vectors = np.linalg.eigh((x.T @ x if tall else x @ x.T).astype(np.float64))
    kept = squares > 1e-6 * max(float(squares[-1]), 1e-12)
    squares, vectors = squares[kept], vectors[:, kept].astype(np.float32)
    u = x @ (vectors / np.sqrt(squares).astype(np.float32)) if tall else vectors
    return u, squares.astype(np.float32)
