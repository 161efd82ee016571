"""Status is computed: every row of the table in the design, and what people can ask of a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from transfer.errors import RunError
from transfer.messages.events import Died, Event, Failed, Finished, Launched, Started, Stopped
from transfer.messages.requests import Stop
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

from .conftest import epoch, new_run


@pytest.fixture
def held(run: Run):
    """Another process holds the run's lock, as a worker would."""
    program = [sys.executable, "-m", "tests.runs.holder", str(run.path / "lock")]
    holder = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    yield holder
    holder.communicate("\n")


def test_a_new_run_waits(run: Run) -> None:
    status = run.status()
    assert (status.state, status.place, status.alive, status.over) == ("queued", 1, False, False)


def test_what_was_chosen_is_kept(run: Run, workspace: Workspace) -> None:
    assert run.config.photos.endswith("pets") and run.dataset.classes == ("cat", "dog")
    assert run.name == "pets · EfficientNetLite0"
    assert workspace.runs() == [run]


def test_later_runs_say_their_place(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    later = new_run(workspace, tmp_path)
    assert (run.status().place, later.status().place) == (1, 2)
    assert "number 2" in later.status().message
    assert workspace.waiting() == [run, later]


def test_launched_counts_as_running_for_a_while(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.log.append(Launched())
    assert run.status().state == "running"
    monkeypatch.setattr("transfer.runs.status.GRACE", 0.0)
    assert run.status().state == "interrupted"


def test_a_held_lock_means_running_and_stopping_once_asked(run: Run, held: object) -> None:
    run.log.append(Started(device="CPU"))
    assert run.status().state == "running"
    run.request_stop()
    assert run.status().state == "stopping"


def test_a_free_lock_and_no_last_word_means_interrupted(run: Run) -> None:
    run.log.append(epoch(1))
    assert run.status().state == "interrupted"


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (Finished(), "Finished."),
        (Stopped(message="", model=True), "Stopped by you; the best state so far was kept."),
        (Failed(error={"what": "Memory ran out."}), "Memory ran out."),
    ],
)
def test_a_last_word_counts_whoever_holds_the_lock(run: Run, held: object, last: Event, message: str) -> None:
    run.log.append(last)
    status = run.status()
    assert (status.state, status.message, status.over) == (last.kind, message, True)


def test_resume_is_for_interrupted_runs(run: Run) -> None:
    with pytest.raises(RunError, match="cannot be resumed"):
        run.request_resume()
    run.log.append(Died(exit_code=-9, message="Killed.", log_tail=""))
    assert run.status().message == "Killed."
    run.request_stop()
    run.request_resume()
    assert run.status().state == "queued" and not run.mailbox.has(Stop)


def test_history_counts_a_repeated_epoch_once_and_leaves_out_partial_ones(run: Run) -> None:
    for step, loss in ((1, 1.0), (2, 0.9), (2, 0.8)):
        run.log.append(epoch(step, loss=loss))
    run.log.append(epoch(3, loss=0.1, partial=True))
    assert run.history()["loss"].tolist() == [1.0, 0.8]


def test_a_folder_without_config_is_no_run(workspace: Workspace) -> None:
    (workspace.runs_dir / "half-made").mkdir()
    assert workspace.runs() == []
    with pytest.raises(RunError, match="half-made"):
        Run(workspace.runs_dir / "half-made")


def test_runs_are_found_by_part_of_their_name(run: Run, workspace: Workspace) -> None:
    assert workspace.run(run.id) == workspace.run(run.id[-4:]) == workspace.run(str(run.path)) == run
    for wrong in ("nothing", "", "../.."):
        with pytest.raises(RunError):
            workspace.run(wrong)
