"""What a second look at the photos found, as a run keeps it and as it is handed on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import new_run
from tests.ui.conftest import measured
from transfer.commands.review import Reviews
from transfer.commands.runs import Runs
from transfer.dataset.roots import Roots
from transfer.errors import RunError
from transfer.messages.endings import Finished
from transfer.runs.review import Leak, Review
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

PAIRS = tuple((f"a{number}", f"b{number}") for number in range(150))


def written(run: Run, leak: Leak | None = None, later: int = 1) -> None:
    run.review_file.write_text(json.dumps(Review(8, 0, pairs=PAIRS, leak=leak).to_dict()))
    at = run.metrics_file.stat().st_mtime_ns + later * 1_000_000_000
    os.utime(run.review_file, ns=(at, at))


class Looks:
    """Stands for the prediction server: what it writes can be read, or not."""

    def __init__(self, run: Run, text: str = "") -> None:
        self.run, self.text = run, text

    def ask(self, question: Any, timeout: float) -> None:
        written(self.run)
        if self.text:
            self.run.review_file.write_text(self.text)


def reviews(workspace: Workspace, looks: Any) -> Reviews:
    nothing: Any = None
    return Reviews(workspace, Runs(workspace, Roots([])), nothing, nothing, looks)


def test_lists_outlive_a_new_measurement_and_what_the_score_owes_does_not(run: Run) -> None:
    measured(run)
    assert run.review() is None
    before = run.version()
    written(run, Leak("test", 8, 0, 0, 8, 0.6))
    found = run.review()
    assert found is not None and found.leak is not None and run.version() != before
    written(run, found.leak, later=-1)
    stale = run.review()
    assert stale is not None and stale.leak is None and stale.pairs == PAIRS


def test_all_copies_are_remembered_also_those_not_listed(run: Run, workspace: Workspace) -> None:
    measured(run)
    found = reviews(workspace, Looks(run)).of(run.id)
    assert not found.copies and workspace.corrections(run.dataset.root).copies == list(PAIRS)


def test_what_cannot_be_looked_at_is_said_in_words(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Wait until"):
        reviews(workspace, Looks(run)).of(run.id)
    run.log.append(Finished())
    with pytest.raises(RunError, match="Add photos"):
        reviews(workspace, Looks(run)).of(run.id)
    other = new_run(workspace, tmp_path)
    measured(other)
    with pytest.raises(RunError, match="cannot be read"):
        reviews(workspace, Looks(other, "[torn")).of(other.id)


@pytest.mark.parametrize(
    ("photos", "shared", "right_shared", "right_others", "low", "doubtful"),
    [
        (20, 2, 2, 17, 0.764, False),  # 17 of 18 others, of 19 of 20 in all
        (60, 31, 31, 20, 0.739, True),
        (60, 2, 2, 30, 0.41, False),
        (60, 60, 54, 0, 0.8, True),
    ],
)
def test_a_score_is_doubted_where_the_others_do_worse_than_chance_explains(
    photos: int, shared: int, right_shared: int, right_others: int, low: float, doubtful: bool
) -> None:
    assert Leak("test", photos, shared, right_shared, right_others, low).doubtful == doubtful
