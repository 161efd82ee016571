"""The probe: exactly what leaving each photo out would give, and as good as what it stands for."""

import numpy as np
import pytest

from transfer.learning.advisor.probe import PENALTIES, probe


def clusters(photos: int, features: int, classes: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, photos)
    middles = rng.normal(0, apart, (classes, features))
    return (middles[labels] + rng.normal(0, 1, (photos, features))).astype(np.float16), labels


@pytest.mark.parametrize(("photos", "features"), [(60, 9), (30, 80)], ids=["more photos", "more features"])
def test_it_leaves_each_photo_out(photos: int, features: int) -> None:
    """The closed form against one ridge regression a photo, at the penalty that was chosen."""
    rows, labels = clusters(photos, features, 3, 0.5)
    found = probe(rows, labels)
    x = rows.astype(np.float64)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = np.eye(3)[labels]
    strength = found.penalty * np.square(x).sum() / photos
    right = []
    for index in range(photos):
        others = np.arange(photos) != index
        a = np.c_[x[others], np.ones(photos - 1)]
        penalty = np.diag([strength] * features + [0.0])
        weights = np.linalg.solve(a.T @ a + penalty, a.T @ y[others])
        right.append((np.r_[x[index], 1.0] @ weights).argmax() == labels[index])
    assert np.array_equal(found.right, right)


def test_it_knows_what_can_be_told_apart_and_what_cannot() -> None:
    rows, labels = clusters(200, 50, 4, 3.0)
    assert probe(rows, labels).right.mean() > 0.99
    noise = np.random.default_rng(1).normal(size=(400, 300))
    chance = probe(noise, np.arange(400) % 4).right.mean()
    assert chance < 0.35, "below a quarter: the photo that is left out is missing among those of its class"
    assert probe(noise, np.arange(400) % 4).penalty == max(PENALTIES), "nothing can be learned, and it sees that"


def test_features_that_are_always_the_same_say_nothing() -> None:
    rows, labels = clusters(150, 10, 5, 0.8)
    more = np.c_[rows, np.zeros((150, 3)), np.full((150, 1), 7.0)]
    assert np.array_equal(probe(more, labels).right, probe(rows, labels).right)


def test_the_unit_of_a_feature_counts_for_nothing() -> None:
    rows, labels = clusters(150, 10, 5, 0.8)
    units = 10.0 ** np.linspace(-2, 2, 10)
    assert np.mean(probe(rows * units + 3, labels).right == probe(rows, labels).right) > 0.98


def test_photos_that_are_all_alike_are_guessed() -> None:
    found = probe(np.ones((10, 4)), np.array([0] * 7 + [1] * 3))
    assert found.right.tolist() == [True] * 7 + [False] * 3


def test_it_is_as_good_as_a_tuned_logistic_regression() -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is only an oracle")
    rows, labels = clusters(240, 120, 6, 0.45)
    oracle = max(_held_out(linear, rows, labels, c) for c in (0.001, 0.01, 0.1, 1.0))
    assert abs(probe(rows, labels).right.mean() - oracle) < 0.05


def _held_out(linear, rows: np.ndarray, labels: np.ndarray, c: float) -> float:
    folds, hits = np.arange(len(rows)) % 10, 0
    for fold in range(10):
        model = linear.LogisticRegression(C=c, max_iter=1000).fit(rows[folds != fold], labels[folds != fold])
        hits += int((model.predict(rows[folds == fold]) == labels[folds == fold]).sum())
    return hits / len(rows)
