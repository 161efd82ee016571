"""The supervisor: one background thread that starts the next waiting run and records how a dead one died.

It trains nothing and knows the worker only as a command line. Of all processes that use a workspace one leads, the one
that holds the supervisor lock; the others stand by and take over when it goes. A worker outlives its supervisor:
whoever leads next finds the run's lock held and waits for it. While nothing trains it keeps one worker standing by.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import Timeout

from transfer.messages.events import Died, Failed, Finished, Launched, Stopped
from transfer.messages.requests import Stop
from transfer.processes.standby import Standby
from transfer.runs.run import Run
from transfer.runs.status import TERMINAL
from transfer.runs.workspace import Workspace

logger = logging.getLogger(__name__)

POLL = 0.5  # seconds between two looks at the workspace,
GLANCE = 0.02  # and between two glances at whether a run was added to it
WORKER = (sys.executable, "-m", "transfer.learning.worker")


class Supervisor:
    """Starts the waiting runs of a workspace one after the other.

    Args:
        workspace: whose runs to look after.
        command: the worker's command line; the run directory is added as the last argument.
        standby: whether to keep a worker ready for the next run. Not worth it for a program that ends with its run.
    """

    def __init__(self, workspace: Workspace, command: tuple[str, ...] = WORKER, standby: bool = True) -> None:
        self.workspace = workspace
        self.command = command
        self.standby = Standby(command, workspace.path / "cache" / "standby.log") if standby else None
        self._lock = workspace.supervisor_lock
        self._children: dict[Run, subprocess.Popen[bytes]] = {}
        self._given: set[Run] = set()  # to a worker that stood by: it may have been about to die
        self._over: set[Run] = set()  # runs seen in a state that only a user can change
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)

    @property
    def leads(self) -> bool:
        """Whether this process starts the workers of the workspace."""
        return bool(self._lock.is_locked)

    def start(self) -> Supervisor:
        """Begin supervising in a background thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End supervising. Workers go on; their runs end by themselves or are found by the next supervisor."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    # ------------------------------------------------------------------ the loop

    def _loop(self) -> None:
        try:
            while not self._end.is_set():
                seen = self._changed()
                try:
                    if self._lead():
                        self._look()
                except Exception:  # one unreadable run directory must not end all supervision
                    logger.exception("The supervisor could not look after a run; it goes on with the others.")
                self._wait(seen)
        finally:
            if self.standby:
                self.standby.end()
            self._lock.release()

    def _changed(self) -> int:
        """A number that differs once a run was added."""
        return self.workspace.runs_dir.stat().st_mtime_ns

    def _wait(self, seen: int) -> None:
        """Until the next look: at once when a run was added since `seen`, otherwise `POLL` later."""
        look = time.monotonic() + POLL
        while time.monotonic() < look and not self._end.wait(GLANCE):
            if self.leads and self._changed() != seen:
                return

    def _lead(self) -> bool:
        if not self.leads:
            with contextlib.suppress(Timeout):
                self._lock.acquire(timeout=0)
        return self.leads

    def _look(self) -> None:
        self._drop_stopped()
        busy = False
        for run in self.workspace.runs():
            if run in self._over and isinstance(run.log.last(), (Finished, Stopped, Failed)):
                continue
            child = self._children.get(run)
            if child and child.poll() is None:
                busy = True
                continue
            status = run.status()
            if child is not None:
                del self._children[run]
                if run in self._given and isinstance(run.log.last(), Launched):
                    self._children[run] = self._spawn(run)
                    busy = True
                elif status.state not in TERMINAL and status.state != "queued":
                    self._record_death(run, child.returncode)
                self._given.discard(run)
            elif status.alive:
                busy = True
            elif status.state == "interrupted" and not self._death_is_known(run):
                self._record_death(run, None)
            elif status.over:
                self._over.add(run)
        if not busy and not self._start_next() and self.standby:
            self.standby.prepare()  # not while something trains: loading would slow it down

    def _drop_stopped(self) -> None:
        for run in self.workspace.queue():
            if run.mailbox.has(Stop):
                with run.lock.acquire(timeout=10):
                    if run.queued_since() is not None:
                        run.log.append(Stopped(message="Taken off the queue before it began."))

    def _start_next(self) -> bool:
        for run in self.workspace.queue():
            with run.lock.acquire(timeout=10):
                if run.queued_since() is None or run.mailbox.has(Stop):
                    continue
                # Before the spawn: a worker that dies while importing must not be started for ever.
                run.log.append(Launched())
            ready = self.standby.take(run) if self.standby else None
            if ready:
                self._given.add(run)
            self._children[run] = ready or self._spawn(run)
            return True
        return False

    def _spawn(self, run: Run) -> subprocess.Popen[bytes]:
        with run.worker_log.open("ab") as log:
            return subprocess.Popen(
                [*self.command, str(run.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the app, or a closed terminal, must not end the training
            )

    # ------------------------------------------------------------------ deaths

    @staticmethod
    def _death_is_known(run: Run) -> bool:
        return isinstance(run.log.last(), Died)

    def _record_death(self, run: Run, exit_code: int | None) -> None:
        with run.lock.acquire(timeout=10):
            tail = end_of(run.worker_log)
            run.log.append(Died(exit_code=exit_code, message=death_in_words(exit_code), log_tail=tail))


def death_in_words(exit_code: int | None) -> str:
    """What an exit code says to a person; None where it is unknown (the worker was another process's child)."""
    if exit_code is None:
        return "Training ended without saying why, perhaps because the machine was switched off."
    if exit_code == -signal.SIGKILL:
        return "Training was ended by force (signal 9). Often the machine had run out of memory."
    if exit_code < 0:
        return f"Training was ended by signal {-exit_code} ({signal.Signals(-exit_code).name})."
    return f"Training ended unexpectedly (exit code {exit_code}). The end of its log says more."


def end_of(log: Path, lines: int = 30) -> str:
    """The last lines of a text file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 20_000))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
