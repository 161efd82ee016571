"""The supervisor: one background thread that starts the next waiting run and records how a dead one died.

It trains nothing, and a launcher starts the workers. Of all processes that use a workspace one leads, the one that
holds the supervisor lock; the others stand by and take over when it goes. A worker outlives its supervisor: whoever
leads next finds the run's lock held and waits for it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from filelock import Timeout

from transfer.messages.events import Died, Launched, Stopped
from transfer.messages.requests import Stop
from transfer.processes.launcher import Launcher, Worker
from transfer.runs.job import Job
from transfer.runs.last_words import death_in_words, end_of
from transfer.runs.status import TERMINAL
from transfer.runs.workspace import Workspace

logger = logging.getLogger(__name__)

POLL = 0.5  # seconds between two looks at the workspace,
GLANCE = 0.1  # and between two glances at whether another process added a run to it, or put one back in the queue


class Supervisor:
    """Starts the waiting runs of a workspace one after the other.

    Args:
        workspace: whose runs to look after.
        launcher: what starts a worker.
        idle: called again and again while nothing trains, to get ready for whatever else will be asked.
        settle: seconds before anything is got ready.
    """

    def __init__(
        self,
        workspace: Workspace,
        launcher: Launcher,
        idle: Callable[[], object] = lambda: None,
        settle: float = 0.0,
    ) -> None:
        self.workspace, self.launcher, self._idle = workspace, launcher, idle
        self._settled = time.monotonic() + settle
        self._lock = workspace.supervisor_lock
        self._workers: dict[Job, Worker] = {}  # launched here, and not yet seen to have ended
        self._over: set[Job] = set()  # for good, so that nobody needs to look at them again
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
        self.workspace.changed.set()
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
            self.launcher.close()
            self._lock.release()

    def _changed(self) -> int:
        """A number that differs once a run was added or the order of the queue changed."""
        return sum(folder.stat().st_mtime_ns for folder in (self.workspace.runs_dir, self.workspace.studies_dir))

    def _wait(self, seen: int) -> None:
        """Until the next look: at once when something changed since `seen`, otherwise `POLL` later."""
        look = time.monotonic() + POLL
        while time.monotonic() < look and not self.workspace.changed.wait(GLANCE):
            if self.leads and self._changed() != seen:
                return
        self.workspace.changed.clear()

    def _lead(self) -> bool:
        if not self.leads:
            with contextlib.suppress(Timeout):
                self._lock.acquire(timeout=0)
        return self.leads

    # ------------------------------------------------------------------ one look

    def _look(self) -> None:
        jobs = [
            job for job in self.workspace.jobs() if job not in self._over and job.sound
        ]  # lists say which are damaged
        busy = any([self._has_worker(job) for job in jobs])  # a list: every one is looked at
        for job in self.workspace.waiting(jobs):
            if job.mailbox.has(Stop):
                self._take_off(job)
            elif not busy:
                busy = self._start(job)
        if not busy and time.monotonic() >= self._settled:  # not while something trains: loading would slow it down
            self.launcher.prepare()
            self._idle()

    def _has_worker(self, job: Job) -> bool:
        """Whether somebody works on it. A death that nobody has told yet is recorded."""
        worker = self._workers.get(job)
        if worker and worker.alive():
            return True
        self._workers.pop(job, None)
        if job.waits or isinstance(job.log.last(), Died):
            return False
        status = job.status()
        if status.state in TERMINAL:
            self._over.add(job)
        elif worker or not status.alive:
            self._record_death(job, worker.exit_code if worker else None)
        else:
            return True  # another supervisor's, which this one has outlived
        return False

    def _take_off(self, job: Job) -> None:
        with job.lock.acquire(timeout=10):
            if job.waits:
                job.log.append(Stopped(message="Taken off the queue before it began."))

    def _start(self, job: Job) -> bool:
        with job.lock.acquire(timeout=10):
            if not job.waits or job.mailbox.has(Stop):
                return False
            # Before the launch: a worker that dies while importing must not be started for ever.
            job.log.append(Launched())
        self._workers[job] = self.launcher.launch(job)
        return True

    @staticmethod
    def _record_death(job: Job, exit_code: int | None) -> None:
        with job.lock.acquire(timeout=10):
            if job.waits or job.status().state in TERMINAL:
                return  # somebody resumed it, or it ended, since it was looked at
            tail = end_of(job.worker_log)
            job.log.append(Died(exit_code=exit_code, message=death_in_words(exit_code, job.doing), log_tail=tail))
