"""Ridge: the closed forms against what they stand for, computed the long way."""

from __future__ import annotations

import numpy as np
import pytest

from transfer.learning.training.ridge import TEMPERATURES, Ridge, best_temperature, log_loss


def the_long_way(
    x: np.ndarray, labels: np.ndarray, classes: int, weights: np.ndarray, amount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted ridge regression with an intercept that is not penalised, by its normal equations."""
    y = np.eye(classes)[labels]
    centre, mean = weights @ x / weights.sum(), weights @ y / weights.sum()
    z = x - centre
    kernel = np.linalg.solve(
        z.T @ (z * weights[:, None]) + amount * np.eye(x.shape[1]), z.T @ (weights[:, None] * (y - mean))
    )
    return kernel, mean - centre @ kernel


@pytest.mark.parametrize(("photos", "features"), [(30, 8), (20, 50)])
def test_leaving_out_and_solving_are_what_they_say(photos: int, features: int) -> None:
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(photos, features)).astype(np.float32), np.arange(photos) % 3
    weights = np.where(labels == 0, 2.0, 0.7)
    ridge = Ridge(x, labels, 3, weights)
    for penalty in (0.1, 3.0):
        kernel, bias = the_long_way(x, labels, 3, weights, penalty * ridge.scale)
        found = ridge.solution(penalty)
        assert found[0] == pytest.approx(kernel, abs=2e-4) and found[1] == pytest.approx(bias, abs=2e-4)
        left_out = ridge.left_out(penalty)
        for photo in range(photos):
            others = np.arange(photos) != photo
            kernel, bias = the_long_way(x[others], labels[others], 3, weights[others], penalty * ridge.scale)
            assert left_out[photo] == pytest.approx(x[photo] @ kernel + bias, abs=1e-3)


def test_the_temperature_makes_scores_as_sure_as_they_are_right() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 4000)
    said = np.where(rng.random(4000) < 0.9, labels, 1 - labels)  # right nine times in ten
    temperature, loss = best_temperature(np.eye(2)[said], labels)
    assert 1 / (1 + np.exp(-temperature)) == pytest.approx(0.9, abs=0.02)
    assert loss == log_loss(np.eye(2)[said], labels, temperature) < log_loss(np.eye(2)[said], labels, 20)


@pytest.mark.parametrize("spread", [0.01, 0.3, 3.0])
def test_no_temperature_of_those_tried_is_better(spread: float) -> None:
    dice = np.random.default_rng(0)
    for known in (0.0, 0.1, 1.0):
        labels = dice.integers(0, 4, 50)
        scores = dice.normal(0, spread, (50, 4)) + known * np.eye(4)[labels]
        assert best_temperature(scores, labels)[1] == min(log_loss(scores, labels, each) for each in TEMPERATURES)
