"""Runs side by side in Past runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.ui.conftest import HOSTILE, epoch, measured, read
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace
from transfer.ui.past_runs.comparison import side_by_side
from transfer.ui.past_runs.table import listing


def test_marked_runs_stand_side_by_side(new_run: Callable[..., Run], workspace: Workspace) -> None:
    one, other, third = new_run(name=HOSTILE, batch_size=8), new_run(batch_size=16), new_run(batch_size=16)
    measured(one, accuracy=0.923)
    runs = workspace.summaries()
    page = read(side_by_side(runs, [one.id, other.id]))
    assert "92.3%" in page.text and "not measured" in page.text
    assert "(batch size)168" in page.text
    assert "All their settings are the same." in read(side_by_side(runs, [other.id, third.id])).text
    rows = read(listing(runs, "", [one.id]))
    ticked = [attributes["aria-pressed"] for _, attributes in rows.tags if "data-compare" in attributes]
    assert rows.having("data-compare") == [Path(run.run).name for run in runs] and ticked.count("true") == 1


def test_fewer_than_two_marked_say_how_to_mark(new_run: Callable[..., Run], workspace: Workspace) -> None:
    runs = [new_run(), new_run()]
    for run in runs:
        epoch(run, 1)
    assert "Mark two or more runs" in read(side_by_side(workspace.summaries(), [runs[0].id])).text
