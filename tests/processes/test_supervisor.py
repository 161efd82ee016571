"""The supervisor with real processes: a queue worked off one by one, deaths recorded, workers that outlive it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from tests.runs.test_study import new_study
from tests.waiting import until
from transfer import disk
from transfer.messages.endings import Died
from transfer.messages.events import Launched, Started
from transfer.processes.launcher import LocalLauncher, LocalWorker
from transfer.processes.supervisor import Supervisor
from transfer.runs.job import Job
from transfer.runs.workspace import Workspace

from .conftest import Supervise, kinds, process, state


def test_runs_are_worked_off_one_at_a_time(workspace: Workspace, tmp_path: Path, supervise: Supervise) -> None:
    first = new_run(workspace, tmp_path, name="wait")
    second = new_run(workspace, tmp_path, name="finish")
    supervise()
    until(lambda: first.log.newest(Started))
    assert (state(first), state(second)) == ("running", "queued")
    first.request_stop()
    until(lambda: state(second) == "finished")
    assert state(first) == "stopped"
    launched = first.log.newest(Launched)
    assert launched and launched.pid == process(first)
    assert kinds(second) == ["launched", "started", "finished"]
    assert "working" in first.worker_log.read_text()


def test_they_start_in_the_order_of_the_queue(workspace: Workspace, tmp_path: Path, supervise: Supervise) -> None:
    runs = [new_run(workspace, tmp_path, name="finish") for _ in range(3)]
    workspace.queue.move(runs[2].id, 1)
    supervise()
    until(lambda: all(state(run) == "finished" for run in runs))
    began = [launched.time for run in runs if (launched := run.log.newest(Launched))]
    assert began[2] < began[0] < began[1]


@pytest.mark.parametrize("what", ["new", "resumed"])
def test_a_run_is_picked_up_between_two_looks(
    workspace: Workspace, tmp_path: Path, supervise: Supervise, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("transfer.processes.supervisor.POLL", 3600.0)
    run = new_run(workspace, tmp_path, name="finish")
    run.log.append(Died(message="Killed."))
    supervisor = supervise()
    until(lambda: supervisor.looks)
    if what == "new":
        run = new_run(workspace, tmp_path, name="finish")
    else:
        run.request_resume()
    until(lambda: state(run) == "finished")


def test_a_worker_that_dies_while_importing_is_started_once(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="crash")
    supervisor = supervise()
    until(lambda: run.log.newest(Died))
    supervisor.look()
    assert state(run) == "interrupted"
    assert kinds(run) == ["launched", "died"]
    died = run.log.newest(Died)
    assert died and died.exit_code == 1 and "no such module" in died.log_tail


def test_a_killed_worker_is_recorded_and_can_be_resumed(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="wait")
    supervise()
    until(lambda: run.log.newest(Started))
    os.kill(process(run), signal.SIGKILL)
    until(lambda: run.log.newest(Died))
    died = run.log.newest(Died)
    assert died and died.exit_code == -9 and "memory" in run.status().message
    run.request_resume()
    until(lambda: kinds(run).count("started") == 2)
    assert state(run) == "running"


def test_a_worker_that_forgets_its_last_word_is_recorded(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="forget")
    supervise()
    until(lambda: run.log.newest(Died))
    died = run.log.newest(Died)
    assert died and died.exit_code == 0


def test_the_worker_outlives_its_supervisor_and_the_next_one_waits_for_it(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    first = new_run(workspace, tmp_path, name="wait")
    second = new_run(workspace, tmp_path, name="finish")
    before = supervise()
    until(lambda: first.log.newest(Started))
    before.stop()
    assert state(first) == "running"
    after = supervise()
    until(lambda: after.leads)
    after.look()
    assert (state(first), state(second)) == ("running", "queued")
    first.request_stop()
    until(lambda: state(second) == "finished")


def test_a_run_that_died_while_nobody_looked_is_recorded(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path)
    run.log.append(Started(device="CPU"))
    supervise()
    until(lambda: run.log.newest(Died))
    died = run.log.newest(Died)
    assert died and died.exit_code is None


def test_one_that_was_interrupted_is_still_so_when_it_is_taken_off_the_queue(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="wait")
    run.log.append(Died(message="Killed."))
    run.request_resume()
    run.request_stop()
    supervise().look()
    assert (state(run), kinds(run)) == ("interrupted", ["died", "resume", "interrupted"])
    run.request_resume()
    until(lambda: run.log.newest(Started))


def test_a_full_disk_is_no_reason_to_try_for_ever(workspace: Workspace, tmp_path: Path, supervise: Supervise) -> None:
    died, waits = new_run(workspace, tmp_path), new_run(workspace, tmp_path, name="finish")
    died.log.append(Started(device="CPU"))
    program = [sys.executable, "-m", "tests.processes.cramped", str(workspace.path)]
    said = subprocess.run(program, capture_output=True, text=True, check=True)
    assert said.stdout == "looked\n"
    assert sorted(said.stderr.splitlines()) == sorted(
        f"The disk is full. Nothing can be done for {run.path}; the supervisor goes on with the others."
        for run in (died, waits)
    )
    assert (state(died), kinds(died), kinds(waits)) == ("interrupted", ["started"], [])
    supervise()
    until(lambda: died.log.newest(Died) and state(waits) == "finished")


def test_a_worker_that_lives_on_without_its_run_is_no_reason_to_wait(workspace: Workspace, tmp_path: Path) -> None:
    class Staying(LocalWorker):
        pid, exit_code = os.getpid(), disk.FULL

        def __init__(self) -> None:
            pass

        def alive(self) -> bool:
            return False

    class Launcher(LocalLauncher):
        def launch(self, job: Job) -> LocalWorker:
            return Staying()

    run = new_run(workspace, tmp_path)
    supervisor = Supervisor(workspace, Launcher()).start()
    until(lambda: run.log.newest(Died))
    supervisor.stop()
    assert "the disk was full" in run.status().message


def test_stopping_a_waiting_run_takes_it_off_the_queue(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="finish")
    run.request_stop()
    supervise()
    until(lambda: state(run) == "stopped")
    assert kinds(run) == ["stopped"]
    assert run.status().message == "Taken off the queue before it began.", "and nothing is said to be kept"


def test_pausing_a_waiting_run_lets_it_wait_for_a_person(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="wait")
    run.request_pause()
    supervise()
    until(lambda: run.status().state == "paused")
    assert run.status().over and run.resumable
    run.request_resume()
    until(lambda: run.status().state == "running")
    run.request_stop()
    until(lambda: run.status().state == "stopped")


def test_a_waiting_run_is_taken_off_while_another_trains(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    first = new_run(workspace, tmp_path, name="wait")
    second = new_run(workspace, tmp_path, name="finish")
    supervise()
    until(lambda: first.log.newest(Started))
    second.request_stop()
    until(lambda: state(second) == "stopped")
    assert state(first) == "running"


def test_one_leads_and_the_other_takes_over(workspace: Workspace, supervise: Supervise) -> None:
    first = supervise()
    until(lambda: first.leads)
    second = supervise()
    second.look()
    assert not second.leads
    first.stop()
    until(lambda: second.leads)


def test_a_study_is_worked_on_like_a_run_and_goes_first(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    run = new_run(workspace, tmp_path, name="finish")
    study, dies = new_study(workspace, tmp_path, name="wait"), new_study(workspace, tmp_path, name="crash")
    supervise()
    until(lambda: study.log.newest(Started))
    assert (study.status().state, state(run)) == ("running", "queued")
    study.request_stop()
    until(lambda: dies.log.newest(Died))
    died = dies.log.newest(Died)
    assert died and died.message.startswith("Measuring ended unexpectedly")
    until(lambda: state(run) == "finished")
    assert study.status().state == "stopped"
