"""Supervisors with real workers that need no TensorFlow; see `worker`."""

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.runs.conftest import workspace  # noqa: F401 - a fixture
from tests.waiting import until
from transfer.messages.events import Started
from transfer.processes.launcher import LocalLauncher
from transfer.processes.standby import Standby
from transfer.processes.supervisor import Supervisor
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

WORKER = (sys.executable, "-m", "tests.processes.worker")


class Watched(Supervisor):
    """A supervisor that counts the looks at the workspace that it has finished."""

    looks = 0

    def _wait(self, seen: int) -> None:
        self.looks += 1
        super()._wait(seen)

    def look(self) -> None:
        """Wait until it has looked at everything once more."""
        before = self.looks
        until(lambda: self.looks >= before + 2)


Supervise = Callable[..., Watched]


@pytest.fixture
def supervise(workspace: Workspace) -> Iterator[Supervise]:  # noqa: F811
    started: list[Watched] = []

    def start(standby: bool = False, manner: tuple[str, ...] = ()) -> Watched:
        command = (*WORKER, *manner)
        launcher = LocalLauncher(Standby(command, workspace.standby_log) if standby else None, command)
        supervisor = Watched(workspace, launcher)
        supervisor.start()
        started.append(supervisor)
        return supervisor

    yield start
    for run in workspace.runs():
        run.request_stop()
    until(lambda: not any(run.status().alive for run in workspace.runs()))
    for supervisor in started:
        supervisor.stop()


def state(run: Run) -> str:
    return run.status().state


def process(run: Run) -> int:
    """The process of the worker that works on a run, as it told."""
    started = run.log.newest(Started)
    assert started
    return int(started.device.removeprefix("process "))


def kinds(run: Run) -> list[str]:
    return [event.kind for event in run.log.read()]
