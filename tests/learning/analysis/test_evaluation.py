"""Evaluation: the numbers, by hand and from the shared run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from transfer.dataset.dataset import Dataset
from transfer.errors import RunError
from transfer.learning.analysis.evaluation import evaluate, measure
from transfer.learning.analysis.intervals import wilson
from transfer.learning.analysis.prediction import load
from transfer.learning.pipeline import PhotoSource
from transfer.messages.events import Evaluated
from transfer.runs.run import Run


def test_the_interval_of_a_share() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson(20, 20)[1] == 1.0


def test_the_numbers_of_a_small_confusion() -> None:
    probabilities = np.array(
        [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [0.2, 0.6, 0.2]], np.float32
    )
    numbers = measure(probabilities, np.array([0, 0, 1, 1, 1]), ("a", "b", "c"))
    assert numbers["confusion"] == ((1, 1, 0), (0, 3, 0), (0, 0, 0))
    assert numbers["accuracy"] == 0.8
    assert (numbers["baseline"], numbers["baseline_class"]) == (0.6, "b")
    assert numbers["loss"] == pytest.approx(-np.log([0.8, 0.3, 0.5, 0.7, 0.6]).mean(), rel=1e-5)
    a, b, c = numbers["classes"]
    assert (a.precision, a.recall, a.f1) == pytest.approx((1, 0.5, 2 / 3))
    assert (b.precision, b.recall, b.f1) == pytest.approx((0.75, 1, 6 / 7))
    assert (c.precision, c.recall, c.f1, c.photos) == (0, 0, 0, 0)


def test_the_files_of_a_run_agree_with_each_other(trained: Run) -> None:
    metrics = trained.metrics()
    table = pd.read_csv(trained.evaluation_dir / "predictions.csv")
    assert metrics is not None
    assert metrics.split == "test"
    assert list(table.columns[4:]) == [f"p:{name}" for name in trained.dataset.classes]
    assert set(table["path"]) == {photo.path for photo in trained.dataset.of("test")}
    assert (table["label"] == table["predicted"]).mean() == pytest.approx(metrics.accuracy)
    assert metrics.low <= metrics.accuracy <= metrics.high
    assert np.allclose(table.filter(like="p:").sum(axis=1), 1, atol=1e-4)
    assert np.allclose(table.filter(like="p:").max(axis=1), table["confidence"])
    wrong = table[table["label"] != table["predicted"]].sort_values("confidence", ascending=False)
    assert [mistake.path for mistake in metrics.mistakes] == wrong["path"].tolist()[:24]
    event = trained.log.newest(Evaluated)
    assert event is not None
    assert event.accuracy == metrics.accuracy
    assert metrics.calibration is not None and metrics.calibration.before is not None  # of the first answer
    assert sum(each.photos for each in metrics.calibration.bins) == metrics.photos


def test_measuring_again_gives_the_same(trained: Run, tmp_path: Path) -> None:
    shutil.copytree(trained.evaluation_dir, tmp_path / "before")
    predictor = load(trained)
    photos = PhotoSource(trained.dataset, "test", predictor.image_size, 5)
    evaluate(predictor, photos, trained.dataset, tmp_path / "again")
    before, again = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("before", "again"))
    assert again["confusion"] == before["confusion"]
    # The run measured from kept features, which are rounded to 16 bits.
    assert again["loss"] == pytest.approx(before["loss"], rel=2e-3)


def test_without_any_photo_it_says_so(trained: Run, tmp_path: Path) -> None:
    nothing = Dataset(trained.dataset.root, trained.dataset.classes, trained.dataset.of("train"))
    with pytest.raises(RunError, match="no photo to measure"):
        evaluate(load(trained), PhotoSource(nothing, "validation", 32, 5), nothing, tmp_path)
