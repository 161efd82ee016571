"""Calibration: the error by hand, the temperature that generated the labels, and that a run answers with it."""

from __future__ import annotations

import numpy as np
import pytest

from transfer.learning.analysis.calibration import calibration, temperature


def drawn(photos: int, true: float) -> tuple[np.ndarray, np.ndarray]:
    """Answers whose labels were drawn with `true` times their logits."""
    rng = np.random.default_rng(2)
    logits = 2 * rng.normal(size=(photos, 4))
    shares, truth = (np.exp(t * logits) / np.exp(t * logits).sum(axis=1, keepdims=True) for t in (1, true))
    return shares, np.array([rng.choice(4, p=row) for row in truth])


def test_the_error_of_a_few_answers() -> None:
    said = np.array([[0.6, 0.4]] * 15 + [[0.9, 0.1]] * 15)
    found = calibration(said, np.array([0] * 6 + [1] * 9 + [0] * 15), before=0.5)
    assert [(each.photos, each.accuracy) for each in found.bins] == [(15, 0.4), (15, 1.0)]
    assert [each.confidence for each in found.bins] == pytest.approx([0.6, 0.9])
    assert found.error == pytest.approx((0.2 + 0.1) / 2) and found.before == 0.5
    assert 0 < found.chance < 0.15  # means of 15 draws are about 0.1 from their expectation
    assert len(calibration(said[:3], np.zeros(3, int)).bins) == 1


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_temperature_is_the_one_that_was_drawn_with(true: float) -> None:
    said, labels = drawn(3000, true)
    assert temperature(said, labels) == pytest.approx(true, rel=0.1)


def test_few_photos_do_not_make_it_sure() -> None:
    said = np.array([[0.8, 0.2]] * 12)
    assert 1 <= temperature(said, np.zeros(12, int)) < 2
    assert temperature(np.empty((0, 2)), np.empty(0, int)) == 1
