"""The results in words, and the history as a file: no server is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.ui.conftest import HOSTILE, epoch, measured, read
from transfer.messages.endings import Finished
from transfer.runs.run import Run
from transfer.ui.results import tab


def test_accuracy_with_its_interval_and_the_baseline(new_run: Callable[..., Run]) -> None:
    metrics = measured(new_run(classes=("cat", "dog", "owl")), baseline_class=HOSTILE)
    page = read(tab.score_of(metrics))
    assert page.text.startswith("66.7%Right on 8 of 12 photos it never saw (accuracy).")
    assert "expect between 30% and 80% (95 % interval)" in page.text
    assert "would be right on 33%." in page.text
    assert f"“{' '.join(HOSTILE.split())}”" in page.text


def test_validation_photos_are_called_what_they_are(new_run: Callable[..., Run]) -> None:
    text = read(tab.score_of(measured(new_run(), split="validation"))).text
    assert "it never saw" not in text
    assert "a little too good" in text


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_all_wrong_and_all_right(new_run: Callable[..., Run], accuracy: float) -> None:
    metrics = measured(new_run(), accuracy=accuracy, low=0.0, high=1.0)
    assert f"Right on {8 * accuracy:.0f} of 8" in read(tab.score_of(metrics)).text


def test_the_history_is_a_table_to_take_along(new_run: Callable[..., Run]) -> None:
    run = new_run()
    epoch(run, 1)
    epoch(run, 2, val_loss=None, best=False)
    file = Path(tab.history_file(run))
    assert file.name == f"{run.id}.csv"
    assert not file.is_relative_to(run.path), "the page serves no workspace"
    assert not list(run.path.glob("*.csv")), "which may be read-only"
    table = pd.read_csv(file)
    assert table["loss"].tolist() == run.history()["loss"].tolist()
    assert table["val_loss"].isna().tolist() == [False, True]
    assert len(pd.read_csv(tab.history_file(new_run()))) == 0


def test_a_finished_run_without_photos_to_test_with_says_so(new_run: Callable[..., Run]) -> None:
    run = new_run()
    run.log.append(Finished())
    assert "no photos were left to test it with" in tab._nothing(run)
