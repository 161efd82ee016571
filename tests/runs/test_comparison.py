"""Runs side by side: the settings that differ, and results photo by photo."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo
from transfer.errors import ConfigError
from transfer.runs.comparison import MOST, Comparison, Pair
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


def with_results(
    workspace: Workspace, root: str, wrong: set[int], first: int = 0, moved: int = 0, **settings: object
) -> Run:
    """A run over 40 test photos that names some of them wrong; the first ones were moved to the other class."""
    numbers = range(first, first + 40)
    photos = tuple(Photo(f"{root}-{n}.jpg", (n + (n < moved)) % 2, "test", f"digest {n}") for n in numbers)
    dataset = Dataset(root=root, classes=("cat", "dog"), photos=photos)
    run = workspace.create(RunConfig.from_dict({"photos": root, **settings}), dataset)
    right = 40 - len(wrong)
    metrics = Metrics("test", 40, right / 40, 0.5, 0.99, 0.5, "cat", 0.3, (), ((20, 0), (0, 20)))
    run.evaluation_dir.mkdir()
    run.metrics_file.write_text(json.dumps(metrics.to_dict()))
    with (run.evaluation_dir / "predictions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "predicted", "confidence"])
        for n, photo in enumerate(photos):
            label = dataset.classes[photo.label]
            rows.writerow([photo.path, label, "neither" if n in wrong else label, 0.9])
    return run


def test_only_what_differs_is_told(workspace: Workspace, tmp_path: Path) -> None:
    one, other = new_run(workspace, tmp_path, batch_size=8), new_run(workspace, tmp_path, batch_size=16, name="other")
    found = Comparison.of([one, other])
    assert found.differing == {"batch_size": (8, 16)} and found.pairs == ()
    assert "batch_size: 8, 16" in str(found) and str(found).count("not measured") == 2
    assert [each["result"] for each in found.to_dict()["runs"]] == [None, None]


def test_the_same_photos_are_compared_one_by_one_wherever_they_lie(workspace: Workspace) -> None:
    good, poor = (
        with_results(workspace, "a", {0}, name="good"),
        with_results(workspace, "b", set(range(9)), name="poor"),
    )
    (pair,) = Comparison.of([poor, good]).pairs
    assert (pair.one, pair.photos, pair.gained, pair.lost) == ("good", 40, 8, 0)
    assert pair.chance == pytest.approx(2 / 2**8) and "“good” is better beyond chance" in str(pair)


def test_a_difference_that_chance_makes_is_said_to_be_that(workspace: Workspace) -> None:
    runs = [with_results(workspace, "a", wrong) for wrong in ({0, 1}, {2, 3, 4})]
    os.utime(runs[0].config_file, (0, 0))
    found = Comparison.of(runs)
    assert found.pairs[0].chance == 1.0 and "That may be chance" in str(found)
    assert len(set(found.names)) == 2, "of the same name, so the time they began stands behind it"
    assert "the same of 40" in str(Pair("a", "b", 40, 0, 0))


def test_other_test_photos_are_not_compared(workspace: Workspace) -> None:
    found = Comparison.of([with_results(workspace, "a", {0}), with_results(workspace, "a", {1}, first=100)])
    assert found.pairs[0].photos == 0 and "tested on other photos" in str(found.pairs[0])


def test_photos_whose_label_was_corrected_in_between_do_not_count(workspace: Workspace) -> None:
    before = with_results(workspace, "a", set(range(9)), name="before")
    after = with_results(workspace, "a", {0}, moved=9, name="after")
    (pair,) = Comparison.of([before, after]).pairs
    assert (pair.photos, pair.gained, pair.lost, pair.relabelled) == (31, 0, 0, 9)
    assert "the same of 31 test photos. 9 more have another label" in str(pair)
    (none,) = Comparison.of([before, with_results(workspace, "a", set(), moved=40, name="all")]).pairs
    assert none.photos == 0 and "no test photo with the same label" in str(none)


def test_a_pair_is_needed_and_a_crowd_refused(workspace: Workspace, tmp_path: Path) -> None:
    run = new_run(workspace, tmp_path)
    for runs in ([run], [run] * (MOST + 1)):
        with pytest.raises(ConfigError, match=f"2 to {MOST} runs"):
            Comparison.of(runs)
