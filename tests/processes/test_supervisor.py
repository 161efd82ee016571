"""The supervisor with real processes: a queue worked off one by one, deaths recorded, workers that outlive it."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.runs.conftest import new_run
from transfer.messages.events import Died, Started
from transfer.processes.supervisor import Supervisor, end_of
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

WORKER = (sys.executable, "-m", "tests.processes.worker")


@pytest.fixture
def supervise(workspace: Workspace):
    started = []

    def start(standby: bool = False) -> Supervisor:
        started.append(Supervisor(workspace, WORKER, standby).start())
        return started[-1]

    yield start
    for run in workspace.runs():
        run.request_stop()
    until(lambda: not any(run.status().alive for run in workspace.runs()))
    for supervisor in started:
        supervisor.stop()


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def state(run: Run) -> str:
    return run.status().state


def process(run: Run) -> int:
    """The process of the worker that works on a run, as it told."""
    started = run.log.newest(Started)
    assert started
    return int(started.device.removeprefix("process "))


def kinds(run: Run) -> list[str]:
    return [event.kind for event in run.log.read()]


def test_runs_are_worked_off_one_at_a_time(workspace: Workspace, tmp_path: Path, supervise: Callable) -> None:
    first = new_run(workspace, tmp_path, name="wait")
    time.sleep(0.02)
    second = new_run(workspace, tmp_path, name="finish")
    supervise()
    until(lambda: first.log.newest(Started))
    assert (state(first), state(second)) == ("running", "queued")
    first.request_stop()
    until(lambda: state(second) == "finished")
    assert state(first) == "stopped"
    assert kinds(second) == ["launched", "started", "finished"]
    assert "working" in first.worker_log.read_text()


def test_a_worker_that_dies_while_importing_is_started_once(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    run = new_run(workspace, tmp_path, name="crash")
    supervise()
    until(lambda: state(run) == "interrupted" and run.log.newest(Died))
    time.sleep(1.2)
    assert kinds(run) == ["launched", "died"]
    died = run.log.newest(Died)
    assert died and died.exit_code == 1 and "no such module" in died.log_tail


def test_a_killed_worker_is_recorded_and_can_be_resumed(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    run = new_run(workspace, tmp_path, name="wait")
    supervise()
    until(lambda: run.log.newest(Started))
    os.kill(process(run), signal.SIGKILL)
    until(lambda: run.log.newest(Died))
    assert run.log.newest(Died).exit_code == -9 and "memory" in run.status().message
    run.request_resume()
    until(lambda: kinds(run).count("started") == 2)
    assert state(run) == "running"


def test_a_worker_that_forgets_its_last_word_is_recorded(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    run = new_run(workspace, tmp_path, name="forget")
    supervise()
    until(lambda: run.log.newest(Died))
    assert run.log.newest(Died).exit_code == 0


def test_the_worker_outlives_its_supervisor_and_the_next_one_waits_for_it(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    first = new_run(workspace, tmp_path, name="wait")
    time.sleep(0.02)
    second = new_run(workspace, tmp_path, name="finish")
    before = supervise()
    until(lambda: first.log.newest(Started))
    before.stop()
    assert state(first) == "running"
    after = supervise()
    until(lambda: after.leads)
    time.sleep(1.2)
    assert (state(first), state(second)) == ("running", "queued")
    first.request_stop()
    until(lambda: state(second) == "finished")


def test_a_run_that_died_while_nobody_looked_is_recorded(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    run = new_run(workspace, tmp_path)
    run.log.append(Started(device="CPU"))
    supervise()
    until(lambda: run.log.newest(Died))
    assert run.log.newest(Died).exit_code is None


def test_stopping_a_waiting_run_takes_it_off_the_queue(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    run = new_run(workspace, tmp_path, name="finish")
    run.request_stop()
    supervise()
    until(lambda: state(run) == "stopped")
    assert kinds(run) == ["stopped"]


def test_a_waiting_run_is_taken_off_while_another_trains(
    workspace: Workspace, tmp_path: Path, supervise: Callable
) -> None:
    first = new_run(workspace, tmp_path, name="wait")
    time.sleep(0.02)
    second = new_run(workspace, tmp_path, name="finish")
    supervise()
    until(lambda: first.log.newest(Started))
    second.request_stop()
    until(lambda: state(second) == "stopped")
    assert state(first) == "running"


def test_one_leads_and_the_other_takes_over(workspace: Workspace, supervise: Callable) -> None:
    first = supervise()
    until(lambda: first.leads)
    second = supervise()
    time.sleep(0.7)
    assert not second.leads
    first.stop()
    until(lambda: second.leads)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transfer.processes.standby.SETTLE", 0.0)
    monkeypatch.setattr("transfer.processes.standby.PAUSE", 0.2)


def waiting(supervisor: Supervisor) -> int | None:
    assert supervisor.standby
    return supervisor.standby.pid


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def serving(workspace: Workspace, tmp_path: Path, supervise: Callable, soon: None) -> tuple[Supervisor, int, Run]:
    """A supervisor, the worker that stood by, and the run that it was given."""
    supervisor = supervise(standby=True)
    until(lambda: waiting(supervisor))
    ready = waiting(supervisor)
    assert ready
    run = new_run(workspace, tmp_path, name="wait")
    until(lambda: run.log.newest(Started))
    return supervisor, ready, run


def test_a_worker_stands_by_and_takes_the_next_run(serving: tuple[Supervisor, int, Run]) -> None:
    supervisor, ready, run = serving
    assert process(run) == ready
    time.sleep(1.2)
    assert waiting(supervisor) is None  # nothing is loaded beside a training
    supervisor.stop()
    assert state(run) == "running" and not gone(ready)  # it outlives the supervisor like any other worker
    run.request_stop()
    until(lambda: state(run) == "stopped")
    assert kinds(run) == ["launched", "started", "stopped"]


def test_after_a_run_the_next_one_stands_by_and_a_death_then_is_recorded(serving: tuple[Supervisor, int, Run]) -> None:
    supervisor, first, run = serving
    os.kill(first, signal.SIGKILL)
    until(lambda: run.log.newest(Died))
    assert run.log.newest(Died).exit_code == -9
    until(lambda: waiting(supervisor))
    assert waiting(supervisor) != first


def test_one_that_dies_while_waiting_is_replaced_in_silence(
    workspace: Workspace, tmp_path: Path, supervise: Callable, soon: None
) -> None:
    supervisor = supervise(standby=True)
    until(lambda: waiting(supervisor))
    first = waiting(supervisor)
    os.kill(first, signal.SIGKILL)
    until(lambda: waiting(supervisor) not in (None, first))
    run = new_run(workspace, tmp_path, name="finish")
    until(lambda: state(run) == "finished")
    assert kinds(run) == ["launched", "started", "finished"]


def test_without_one_that_lives_the_run_is_started_as_always(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    monkeypatch.setattr("transfer.processes.standby.PAUSE", 60.0)
    broken = Supervisor(workspace, (*WORKER, "hasty"))
    broken.start()
    until(lambda: "does not stand by" in end_of(workspace.cache_dir / "standby.log"))
    run = new_run(workspace, tmp_path, name="finish")
    until(lambda: state(run) == "finished")
    broken.stop()


def test_one_that_dies_with_the_run_in_its_hands_costs_nothing(
    workspace: Workspace, tmp_path: Path, supervise: Callable, soon: None
) -> None:
    supervisor = Supervisor(workspace, (*WORKER, "frail")).start()
    until(lambda: waiting(supervisor))
    run = new_run(workspace, tmp_path, name="finish")
    until(lambda: state(run) == "finished")
    supervisor.stop()
    assert kinds(run) == ["launched", "started", "finished"]


def test_one_that_waits_ends_with_its_supervisor(workspace: Workspace, supervise: Callable, soon: None) -> None:
    supervisor = supervise(standby=True)
    until(lambda: waiting(supervisor))
    ready = waiting(supervisor)
    supervisor.stop()
    until(lambda: gone(ready))


def test_end_of_a_log(tmp_path: Path) -> None:
    assert end_of(tmp_path / "none") == ""
    (tmp_path / "log").write_text("".join(f"{i}\n" for i in range(9000)))
    assert end_of(tmp_path / "log", 2) == "8998\n8999"
