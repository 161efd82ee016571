"""A worker that waits for a run: it takes the next one, and whatever happens to it, no run pays for it."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.runs.conftest import new_run
from tests.waiting import until
from transfer.messages.endings import Died
from transfer.messages.events import Started
from transfer.processes.launcher import LocalLauncher
from transfer.processes.standby import Standby
from transfer.runs.last_words import end_of
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

from .conftest import Supervise, Watched, kinds, process, state


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transfer.processes.standby.PAUSE", 0.2)


def waiting(supervisor: Watched) -> int | None:
    assert isinstance(supervisor.launcher, LocalLauncher) and isinstance(supervisor.launcher.standby, Standby)
    return supervisor.launcher.standby.pid


def ready(supervisor: Watched, but: int | None = None) -> int:
    """The process that stands by, another one than `but`."""
    until(lambda: waiting(supervisor) not in (None, but))
    pid = waiting(supervisor)
    assert pid is not None
    return pid


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def serving(workspace: Workspace, tmp_path: Path, supervise: Supervise) -> tuple[Watched, int, Run]:
    """A supervisor, the worker that stood by, and the run that it was given."""
    supervisor = supervise(standby=True)
    pid = ready(supervisor)
    run = new_run(workspace, tmp_path, name="wait")
    until(lambda: run.log.newest(Started))
    return supervisor, pid, run


def test_a_worker_stands_by_and_takes_the_next_run(serving: tuple[Watched, int, Run]) -> None:
    supervisor, pid, run = serving
    assert process(run) == pid
    supervisor.look()
    assert waiting(supervisor) is None  # nothing is loaded beside a training
    supervisor.stop()
    assert state(run) == "running" and not gone(pid)  # it outlives the supervisor like any other worker
    run.request_stop()
    until(lambda: state(run) == "stopped")
    assert kinds(run) == ["launched", "started", "stopped"]


def test_after_a_run_the_next_one_stands_by_and_a_death_then_is_recorded(serving: tuple[Watched, int, Run]) -> None:
    supervisor, first, run = serving
    os.kill(first, signal.SIGKILL)
    until(lambda: run.log.newest(Died))
    died = run.log.newest(Died)
    assert died and died.exit_code == -9
    ready(supervisor, but=first)


def test_one_that_dies_while_waiting_is_replaced_in_silence(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    supervisor = supervise(standby=True)
    first = ready(supervisor)
    os.kill(first, signal.SIGKILL)
    ready(supervisor, but=first)
    run = new_run(workspace, tmp_path, name="finish")
    until(lambda: state(run) == "finished")
    assert kinds(run) == ["launched", "started", "finished"]


def test_without_one_that_lives_the_run_is_started_as_always(
    workspace: Workspace, tmp_path: Path, supervise: Supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfer.processes.standby.PAUSE", 60.0)
    supervise(standby=True, manner=("hasty",))
    until(lambda: "does not stand by" in end_of(workspace.standby_log))
    run = new_run(workspace, tmp_path, name="finish")
    until(lambda: state(run) == "finished")


def test_one_that_dies_with_the_run_in_its_hands_costs_nothing(
    workspace: Workspace, tmp_path: Path, supervise: Supervise
) -> None:
    ready(supervise(standby=True, manner=("frail",)))
    run = new_run(workspace, tmp_path, name="finish")
    until(lambda: state(run) == "finished")
    assert kinds(run) == ["launched", "started", "finished"]


def test_one_that_waits_ends_with_its_supervisor(supervise: Supervise) -> None:
    supervisor = supervise(standby=True)
    pid = ready(supervisor)
    supervisor.stop()
    until(lambda: gone(pid))
