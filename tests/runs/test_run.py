"""Status is computed: every row of the table in the design, and what people can ask of a run."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until
from transfer.errors import ConfigError, RunError
from transfer.messages.endings import Died, Failed, Finished, Interrupted, Resumed, Stopped
from transfer.messages.events import Event, Launched, Started
from transfer.messages.requests import Stop
from transfer.runs.process import began
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


def test_a_launched_run_lives_as_long_as_the_process_of_its_worker(run: Run) -> None:
    loading = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    since = began(loading.pid)
    assert since is not None
    run.log.append(Launched(pid=loading.pid, began=since - 60))
    assert run.status().state == "interrupted", "another process has its number by now"
    run.log.append(Launched(pid=loading.pid, began=since))
    assert run.status().state == "running"
    loading.kill()
    until(lambda: run.status().state == "interrupted")  # at once, although nobody has asked for its exit code yet
    loading.communicate()
    assert run.status().state == "interrupted"


def test_a_worker_that_nobody_knows_counts_as_running_for_a_while(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
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
        (Stopped(message="Taken off the queue before it began."), "Taken off the queue before it began."),
        (Interrupted(error={"what": "The disk is full."}), "The disk is full."),
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


def test_a_run_goes_on_with_less_memory_and_nothing_else_changes(run: Run) -> None:
    began, created = run.config, run.created
    run.log.append(Interrupted(error={"what": "Memory ran out."}))
    for wrong in ({"optimizer": "sgd"}, {"batch_size": 0}, {"batch_size": "few"}):
        with pytest.raises(ConfigError):
            run.request_resume(wrong)
    assert run.status().state == "interrupted" and Run(run.path).config == began
    run.request_resume({"batch_size": "8", "image_size": None})
    assert run.config == Run(run.path).config == dataclasses.replace(began, batch_size=8)
    assert run.created == created
    resumed = run.log.newest(Resumed)
    assert resumed and resumed.changed == {"batch_size": 8, "image_size": None}


def test_with_flatten_the_photo_size_stays(workspace: Workspace, tmp_path: Path) -> None:
    run = new_run(workspace, tmp_path, pooling="flatten", image_size=64)
    run.log.append(Died(message="Killed."))
    with pytest.raises(ConfigError, match="photo size of this run"):
        run.request_resume({"image_size": 32})
    run.request_resume({"image_size": 64, "batch_size": 4})
    assert run.status().state == "queued"


def test_a_failed_run_goes_on_where_there_is_a_checkpoint(run: Run) -> None:
    run.log.append(Failed(error={"what": "The loss exploded."}))
    assert not run.resumable
    run.checkpoint.touch()
    run.request_resume()
    assert run.status().state == "queued"


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
