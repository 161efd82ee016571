"""Trust: the thresholds by hand and by their promise, what is told of a photo, the file, and that it travels alone."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from crepes import ConformalClassifier
from crepes.extras import hinge

from transfer.learning.analysis import trust as module
from transfer.learning.analysis.trust import Trust, unit


def answers(photos: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of three classes, probabilities that are right about as often as they say, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(photos) % 3
    features = 4 * np.eye(12)[labels] + rng.normal(size=(photos, 12))
    logits = 1.2 * np.eye(3)[labels] + rng.normal(size=(photos, 3))
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), labels, features


def learned(photos: int = 400) -> Trust:
    probabilities, labels, features = answers(photos, 0)
    known = answers(60, 1)[2]
    return Trust.of(probabilities, labels, features, known, tuple(f"{n}.jpg" for n in range(60)))


def test_the_set_of_a_few_answers_by_hand() -> None:
    # Of 19 photos the right class has the probabilities 0.05, 0.10 … 0.95: of 20 with a new one, 18 are to be covered,
    # which is the rank (19 + 1) × 0.9 from above: 0.10.
    right = np.arange(1, 20) / 20
    trust = Trust.of(np.stack([right, 1 - right], axis=1), np.zeros(19, int))
    assert trust.least == pytest.approx(0.1) and trust.width == 0
    told = trust.tell(np.array([[0.08, 0.92], [0.11, 0.89], [0.5, 0.5]]))
    assert [each.possible for each in told] == [(1,), (1, 0), (0, 1)]
    assert told[0].unfamiliar is None and told[0].nearest == ()
    assert Trust.of(np.array([[0.6, 0.4]] * 8), np.zeros(8, int)).tell(np.array([[1.0, 0.0]]))[0].possible == (0, 1)


@pytest.mark.parametrize("photos", [8, 19, 60, 401])
def test_the_sets_are_those_of_another_implementation(photos: int) -> None:
    probabilities, labels, _ = answers(photos, 0)
    asked = answers(200, 7)[0]
    oracle = ConformalClassifier()
    oracle.fit(hinge(probabilities, np.arange(3), labels))
    # A hair less than 90 %: 1 - 0.9 is less than 0.1 in floating point, and with 19 photos just that decides.
    inside = np.asarray(oracle.predict_set(hinge(asked), confidence=0.9 - 1e-9, smoothing=False), bool)
    inside[np.arange(len(asked)), asked.argmax(axis=1)] = True  # an empty set says nothing: ours names the likeliest
    told = Trust.of(probabilities, labels).tell(asked)
    assert [set(each.possible) for each in told] == [set(map(int, np.flatnonzero(row))) for row in inside]


def test_sets_cover_and_photos_are_kept_as_promised() -> None:
    trust = learned()
    kept, covered = [], []
    for seed in range(2, 12):
        probabilities, labels, features = answers(200, seed)
        told = trust.tell(probabilities, features)
        kept += [not each.unfamiliar for each in told]
        covered += [label in each.possible for label, each in zip(labels, told, strict=True)]
    assert np.mean(kept) == pytest.approx(0.95, abs=0.03)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.03)


def test_what_lies_elsewhere_is_unfamiliar_and_the_nearest_photos_are_named() -> None:
    trust, known = learned(), answers(60, 1)[2]
    rng = np.random.default_rng(5)
    elsewhere = np.concatenate([np.zeros((50, 6)), 4 * rng.normal(size=(50, 6))], axis=1)
    said = np.tile([0.98, 0.01, 0.01], (50, 1))
    assert np.mean([each.unfamiliar for each in trust.tell(said, elsewhere)]) > 0.8
    (told,) = trust.tell(said[:1], np.concatenate([[9.0] * 5, 3 * known[7]])[None])  # inner depths come first
    assert told.nearest[0] == 7 and len(told.nearest) == 3 and not told.unfamiliar


def test_a_photo_is_not_compared_with_itself() -> None:
    probabilities, labels, features = answers(60, 0)
    blind = Trust.of(probabilities, labels, features, features)
    apart = Trust.of(probabilities, labels, features, features, same=np.eye(60, dtype=bool))
    assert abs(blind.scales[0]) < 1e-3 < apart.scales[0]


def test_the_file(tmp_path: Path) -> None:
    trust, (probabilities, _, features) = learned(), answers(30, 3)
    trust.write(tmp_path / "trust.npz")
    again = Trust.read(tmp_path / "trust.npz")
    assert again.photos == trust.photos and again.tell(probabilities, features) == trust.tell(probabilities, features)
    trust.write(tmp_path / "trust.npz", photos=False)
    assert Trust.read(tmp_path / "trust.npz").photos == ()
    assert [file.name for file in tmp_path.iterdir()] == ["trust.npz"]
    np.savez(tmp_path / "bad.npz", least=np.array([None]))
    (tmp_path / "torn.npz").write_bytes((tmp_path / "trust.npz").read_bytes()[:500])
    for name in ("bad.npz", "torn.npz"):
        with pytest.raises(module.UNREADABLE):
            Trust.read(tmp_path / name)


def test_it_travels_alone() -> None:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(str(name).startswith("transfer") for name in names)
    assert unit(np.zeros((1, 3))).tolist() == [[0, 0, 0]]
