"""Labels that do not go with what all other photos say; photos unlike their class."""

from __future__ import annotations

import numpy as np

from transfer.config import RunConfig
from transfer.learning.analysis import suspects
from transfer.learning.analysis.suspects import ODD, Opinion, odd_ones, opinion


def features(photos: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(photos, 24) features that tell the classes apart, and the labels."""
    dice = np.random.default_rng(seed)
    labels = np.arange(photos) % classes
    return dice.normal(0, 1, (photos, 24)) + 3 * np.eye(classes, 24)[labels] + 2, labels


def test_confident_learning_on_a_case_reckoned_by_hand() -> None:
    # Of class 0 the mean of its own is 0.6, of class 1 it is 0.55: only the third photo is certain of the other one.
    shares = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.48, 0.52], [0.72, 0.28], [0.1, 0.9], [0.3, 0.7]])
    said = Opinion(np.vstack([shares, [[0.68, 0.32]]]), np.array([0, 0, 0, 0, 0, 1, 1, 1]))
    assert said.mislabelled.tolist() == [False, False, True, False, False, False, False, True]
    assert np.argsort(said.margin)[:3].tolist() == [2, 7, 3] and said.other[2] == 1
    assert said.uncertain().argmin() == 3


def test_flipped_labels_come_first() -> None:
    rows, labels = features(240)
    flipped = np.random.default_rng(1).choice(240, 12, replace=False)
    wrong = labels.copy()
    wrong[flipped] = (wrong[flipped] + 1) % 4
    said = opinion(RunConfig(), rows, wrong, (24,), np.ones(4))
    first = np.argsort(said.margin)[:12]
    assert len(set(first) & set(flipped)) >= 11 and (said.other[flipped] == labels[flipped]).mean() > 0.9
    assert said.mislabelled[flipped].sum() >= 10 and said.mislabelled.sum() <= 16


def test_more_photos_than_are_taken_at_once(monkeypatch: object) -> None:
    import pytest

    assert isinstance(monkeypatch, pytest.MonkeyPatch)
    rows, labels = features(500)
    whole = opinion(RunConfig(), rows, labels, (24,), np.ones(4))
    monkeypatch.setattr(suspects, "CHOOSING", 200)
    parts = opinion(RunConfig(), rows, labels, (24,), np.ones(4))
    assert (parts.probabilities.sum(axis=1) - 1 < 1e-5).all()
    assert (parts.probabilities.argmax(axis=1) == whole.probabilities.argmax(axis=1)).mean() > 0.95


def test_a_photo_unlike_its_class_is_odd() -> None:
    rows, labels = features(200)
    rows[7] = -rows[7]
    scores = odd_ones(rows, labels)
    assert scores.argmax() == 7 and scores[7] > ODD and (scores > ODD).sum() <= 6
    assert not odd_ones(rows[:8], labels[:8]).any(), "too few to say"
