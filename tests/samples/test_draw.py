"""The sample photos: always the same, worth the name, and told apart by shape alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from transfer.dataset.scan import scan
from transfer.samples import draw as samples

PER_CLASS = 16  # enough to learn colours from; drawing all takes long, and the first run in a browser does it


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    told: list[tuple[int, int]] = []
    into = tmp_path_factory.mktemp("photos")
    place = samples.draw(into, progress=lambda done, total: told.append((done, total)), per_class=PER_CLASS)
    assert told == [(done, 6 * PER_CLASS) for done in range(1, 6 * PER_CLASS + 1)]
    return place


def test_six_classes_of_the_same_size(folder: Path) -> None:
    counts = scan(folder).counts()
    assert list(counts.index) == sorted(samples.OBJECTS) and (counts["total"] == PER_CLASS).all()


def test_drawn_once(folder: Path) -> None:
    before = folder.stat().st_mtime_ns
    assert samples.draw(folder.parent) == folder and folder.stat().st_mtime_ns == before


def test_the_same_everywhere() -> None:
    first, second = (samples.photo("fish", np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(np.asarray(first), np.asarray(second))


def test_an_interrupted_drawing_is_begun_again(tmp_path: Path) -> None:
    def pull_the_plug(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        samples.draw(tmp_path, progress=pull_the_plug, per_class=2)
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert len(list(samples.draw(tmp_path, per_class=2).rglob("*.jpg"))) == 12


def test_colours_do_not_give_the_class_away(folder: Path) -> None:
    """Multinomial logistic regression on 8x8x8 RGB histograms, three quarters to learn from, stays below one half."""
    features, labels = [], []
    for label, name in enumerate(sorted(samples.OBJECTS)):
        for path in sorted((folder / name).iterdir()):
            pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3) // 32
            counts = np.bincount(pixels @ (64, 8, 1), minlength=512)
            features.append(np.sqrt(counts / counts.sum()))
            labels.append(label)
    x, y = np.array(features), np.array(labels)
    x = (x - x.mean(0)) / (x.std(0) + 0.05)
    tested = np.arange(len(y)) % 4 == 0
    weights = np.zeros((x.shape[1], 6))
    for _ in range(400):
        shares = np.exp(x[~tested] @ weights)
        shares /= shares.sum(1, keepdims=True)
        shares[np.arange(len(shares)), y[~tested]] -= 1
        weights -= 0.02 * (x[~tested].T @ shares / len(shares) + 0.01 * weights)
    assert np.mean((x[~tested] @ weights).argmax(1) == y[~tested]) > 0.5  # it does learn something by heart
    assert np.mean((x[tested] @ weights).argmax(1) == y[tested]) < 0.5
