"""Launcher: how a run gets a worker, and how that one is doing. Which run is next is the supervisor's business.

`LocalLauncher` starts a process on this machine. Another place to train, such as a cluster, is one more class with the
same three methods.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Protocol

from transfer.messages.events import Launched
from transfer.processes.kept import KeptStandby, KeptWorker
from transfer.processes.standby import Standby
from transfer.runs.job import Job

WORKER = (sys.executable, "-m", "transfer.learning.worker")


class Worker(Protocol):
    """A worker that has a run."""

    @property
    def pid(self) -> int | None:
        """Its process; None where nobody can know."""

    def alive(self) -> bool:
        """Whether it is at it, or about to be."""

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it lives, and where nobody can know."""


class Launcher(Protocol):
    """What a supervisor needs."""

    def launch(self, job: Job) -> Worker:
        """Give the run, whose last event is `launched`, a worker that outlives this program."""

    def prepare(self) -> None:
        """Get ready for the next run; nothing trains now. Called again and again."""

    def close(self) -> None:
        """Let go of what was prepared. Workers that have a run go on."""


class LocalLauncher:
    """Processes on this machine.

    Args:
        standby: keeps a worker ready for the next run; None: each run waits until its worker has loaded.
        command: the worker's command line; the run directory is added as the last argument.
    """

    def __init__(self, standby: Standby | KeptStandby | None = None, command: tuple[str, ...] = WORKER) -> None:
        self.command = command
        self.standby = standby

    def launch(self, job: Job) -> LocalWorker:
        return LocalWorker(self.command, job, self.standby.take(job) if self.standby else None)

    def prepare(self) -> None:
        if self.standby:
            self.standby.prepare()

    def close(self) -> None:
        if self.standby:
            self.standby.end()


class LocalWorker:
    """A process that works on a run.

    Args:
        command: what starts one.
        run: what it works on.
        ready: the process, when it stood by and was given the run; None starts one.
    """

    def __init__(
        self, command: tuple[str, ...], job: Job, ready: subprocess.Popen[bytes] | KeptWorker | None = None
    ) -> None:
        self._command, self._job = command, job
        self._stood_by = ready is not None
        self._process: subprocess.Popen[bytes] | KeptWorker = ready or self._spawn()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def alive(self) -> bool:
        if self._process.poll() is None:
            return True
        if self._stood_by and isinstance(self._job.log.last(), Launched):
            # It was about to die when it got the run, and never began. That costs the run nothing.
            self._stood_by, self._process = False, self._spawn()
            return True
        return False

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def end(self) -> None:
        """End it at once, whatever it is at."""
        self._stood_by = False  # and no other one begins in its place
        if self._process.poll() is None and self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            while self._process.poll() is None:
                time.sleep(0.02)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._job.worker_log.open("ab") as log:
            return subprocess.Popen(
                [*self._command, str(self._job.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the app, or a closed terminal, must not end the training
            )
