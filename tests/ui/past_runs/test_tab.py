"""The list of past runs, from a workspace with runs in every state."""

from __future__ import annotations

from collections.abc import Callable

from tests.ui.conftest import HOSTILE, measured, read
from transfer.messages.events import Failed, Finished, Stopped
from transfer.runs.run import Run
from transfer.runs.summary import Summary
from transfer.runs.workspace import Workspace
from transfer.ui.past_runs import tab
from transfer.ui.shared.run_summary import STATES


def test_each_run_is_a_row_that_can_be_chosen(new_run: Callable[..., Run], workspace: Workspace) -> None:
    plain, odd, failed = new_run(), new_run(name=HOSTILE, backbone=f"/x/{HOSTILE}.keras", alpha=0.35), new_run()
    plain.log.append(Finished())
    measured(plain, accuracy=0.923)
    odd.log.append(Stopped(message="Stopped."))
    measured(odd, split="validation")
    failed.log.append(Failed(error={"what": HOSTILE}))
    runs = workspace.runs()
    page = read(tab.listing(workspace.summaries(), odd.id))
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
    assert read(tab.listing(workspace.summaries(), "")).having("aria-current") == []


def test_the_oldest_are_only_counted(new_run: Callable[..., Run], workspace: Workspace) -> None:
    run = new_run()
    page = read(tab.listing([Summary.of(run)] * (tab.LISTED + 3), ""))
    assert page.text.endswith("and 3 older ones")
    assert len(page.having("data-name")) == tab.LISTED
