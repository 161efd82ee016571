"""Features: the same numbers as the whole network gives, computed once, and going on where they stopped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from transfer.learning import device, features
from transfer.learning.model import Classifier, build
from transfer.learning.pipeline import PhotoSource, steps
from transfer.learning.reporter import Reporter, Stopped
from transfer.runs.run import Run


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run]) -> Run:
    return make_run(batch_size=4)


@pytest.fixture(scope="module")
def classifier(run: Run) -> Classifier:
    return build(run.config, 3)


def photos(run: Run, split: str = "train") -> PhotoSource:
    return PhotoSource(run.dataset, split, 32, 4, Reporter(run).skip)  # type: ignore[arg-type]


class Counting(features.Extractor):
    """An extractor that remembers how many batches it was given."""

    batches = 0

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.batches += 1
        return super().__call__(images)


def test_features_and_head_together_are_the_network(run: Run, classifier: Classifier) -> None:
    parts = features.cut(classifier)
    extract = Counting(parts.lower, device.choose())
    folder = run.path / "features"
    found = features.compute(extract, photos(run), folder, "train", Reporter(run))
    assert extract.batches == steps(photos(run))
    for ours, theirs in zip(found.batches(), photos(run).batches(), strict=True):
        assert np.array_equal(ours.labels, theirs.labels)
        assert np.array_equal(ours.valid, theirs.valid)
        whole = np.asarray(classifier.model(theirs.inputs.astype(np.float32), training=False))
        real = theirs.valid > 0
        assert np.allclose(np.asarray(parts.upper(ours.inputs, training=False))[real], whole[real], atol=1e-5)

    again = Counting(parts.lower, device.choose())
    features.compute(again, photos(run), folder, "train", Reporter(run))
    assert again.batches == 0


def test_what_was_computed_before_a_stop_is_kept(
    run: Run, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "FLUSH", 0.0)
    parts, folder = features.cut(classifier), run.path / "again"
    complete = features.compute(Counting(parts.lower, device.choose()), photos(run), folder, "train", Reporter(run))
    expected = np.concatenate([batch.inputs[batch.valid > 0] for batch in complete.batches()])
    (folder / "train.npy").unlink()
    (folder / "train.json").unlink()

    class Stopping(Counting):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            if self.batches == 5:
                run.request_stop()
            return super().__call__(images)

    reporter, first = Reporter(run), Stopping(parts.lower, device.choose())
    monkeypatch.setattr("transfer.learning.reporter.STOP_CHECK", 0.0)
    with pytest.raises(Stopped):
        features.compute(first, photos(run), folder, "train", reporter)
    run.stop_file.unlink()
    rest = Counting(parts.lower, device.choose())
    found = features.compute(rest, photos(run), folder, "train", Reporter(run))
    assert first.batches + rest.batches == steps(photos(run))
    assert rest.batches > 0
    got = np.concatenate([batch.inputs[batch.valid > 0] for batch in found.batches()])
    assert np.array_equal(got, expected)
