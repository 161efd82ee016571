"""The list of past runs, from a workspace with runs in every state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.ui.conftest import HOSTILE, measured, read
from transfer.messages.endings import Failed, Finished, Stopped
from transfer.runs.notes import Notes
from transfer.runs.run import Run
from transfer.runs.summary import Summary
from transfer.runs.workspace import Workspace
from transfer.ui.past_runs import bin, table
from transfer.ui.shared.run_summary import STATES


def test_each_run_is_a_row_that_can_be_chosen(new_run: Callable[..., Run], workspace: Workspace) -> None:
    plain, odd, failed = new_run(), new_run(name=HOSTILE, backbone=f"/x/{HOSTILE}.keras", alpha=0.35), new_run()
    plain.log.append(Finished())
    measured(plain, accuracy=0.923)
    odd.log.append(Stopped(message="Stopped."))
    measured(odd, split="validation")
    failed.log.append(Failed(error={"what": HOSTILE}))
    runs = workspace.runs()
    page = read(table.listing(workspace.summaries(), odd.id))
    assert page.having("data-name") == [run.id for run in runs]
    assert page.having("aria-current") == ["true"]
    assert "92.3%" in page.text
    assert "50%" not in page.text, "validation photos are no test photos"
    assert page.text.count("alert(1)") == 2, "the run's name, the network's name"
    assert " 0.35" in page.text
    for run in runs:
        assert STATES[run.status().state] in page.text
    assert [attributes.get("scope") for tag, attributes in page.tags if tag == "th"].count("row") == len(runs)


def test_no_run_is_chosen_that_is_not_there(new_run: Callable[..., Run], workspace: Workspace) -> None:
    new_run()
    assert read(table.listing(workspace.summaries(), "")).having("aria-current") == []


def test_the_oldest_are_only_counted(new_run: Callable[..., Run], workspace: Workspace) -> None:
    run = new_run()
    page = read(table.listing([Summary.of(run)] * (table.LISTED + 3), ""))
    assert page.text.endswith("and 3 more")
    assert len(page.having("data-name")) == table.LISTED


def test_runs_are_searched_sorted_and_starred(new_run: Callable[..., Run], workspace: Workspace) -> None:
    first, second, third = (new_run(name=name) for name in ("Älpler", "bees again", "cats"))
    for run, accuracy in ((first, 0.5), (third, 0.75)):
        measured(run, accuracy=accuracy)
    (third.path / "checkpoint.npz").write_bytes(bytes(3_000_000))
    Notes(name=HOSTILE, note="the one\nwith the queen", starred=True).write(second.path)
    runs = workspace.summaries()

    def found(search: str = "", order: str = "Oldest first", starred: bool = False) -> list[str]:
        return [Path(each.run).name for each in table.chosen_from(runs, search, order, starred)]

    everything = sorted(run.id for run in (first, second, third))
    assert sorted(found(order="no such order")) == everything
    assert found("QUEEN one") == found("onerror alert") == found(starred=True) == [second.id]
    assert found("queen älpler") == found("bees again") == []
    assert found("älpler") == [first.id]
    assert found(order="Best on test photos first") == [third.id, first.id, second.id]
    assert found(order="Largest on disk first")[0] == third.id
    assert found(order="By name") == [second.id, third.id, first.id]
    page = read(table.listing(runs, ""))
    assert sorted(page.having("data-star")) == everything and page.having("aria-pressed").count("true") == 1
    assert "★" in page.text and "with the queen" in page.text and "3 MB" in page.text and "alert(1)" in page.text
    assert "Change what is searched for" in read(table.listing([], "")).text


def test_the_bin_says_what_is_in_it(new_run: Callable[..., Run], workspace: Workspace) -> None:
    assert "empty" in read(bin.contents([])).text
    run = new_run(name=HOSTILE)
    run.log.append(Finished())
    (run.path / "checkpoint.npz").write_bytes(bytes(2_000_000))
    workspace.bin.discard(run)
    page = read(bin.contents(workspace.bin.runs()))
    assert page.having("data-back") == [run.id] and "1 run, 2 MB" in page.text and "alert(1)" in page.text
