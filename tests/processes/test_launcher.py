"""A local worker says whether it lives and how it ended."""

import os
import signal
from pathlib import Path

from tests.runs.conftest import new_run
from tests.waiting import until
from transfer.messages.events import Launched, Started
from transfer.processes.launcher import LocalLauncher
from transfer.runs.workspace import Workspace

from .conftest import WORKER, process


def test_a_worker_that_is_killed(workspace: Workspace, tmp_path: Path) -> None:
    run = new_run(workspace, tmp_path, name="wait")
    run.log.append(Launched())
    worker = LocalLauncher(command=WORKER).launch(run)
    until(lambda: run.log.newest(Started))
    assert worker.alive() and worker.exit_code is None
    assert worker.pid == process(run)
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not worker.alive())
    assert worker.exit_code == -signal.SIGKILL


def test_one_that_never_stood_by_is_not_started_twice(workspace: Workspace, tmp_path: Path) -> None:
    run = new_run(workspace, tmp_path, name="crash")
    run.log.append(Launched())
    worker = LocalLauncher(command=WORKER).launch(run)
    until(lambda: not worker.alive())
    assert worker.exit_code == 1
    assert run.worker_log.read_text() == "no such module: tensorflow\n"
