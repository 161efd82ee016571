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

from transfer import disk
from transfer.messages.endings import Died
from transfer.messages.events import Launched
from transfer.messages.requests import Pause, Stop
from transfer.processes.launcher import Launcher, Worker
from transfer.runs.job import Job
from transfer.runs.last_words import death_in_words, end_of
from transfer.runs.process import began
from transfer.runs.status import HALTED, TERMINAL
from transfer.runs.workspace import Workspace

logger = logging.getLogger(__name__)

POLL = 0.5  # seconds between two looks at the workspace,
GLANCE = 0.1  # and between two glances at whether another process added a run to it, or put one back in the queue
PAUSE = 10.0  # seconds before another try to do something for a run that failed, such as writing on a full disk


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
        self._left_alone: dict[Job, float] = {}  # until when, by the monotonic clock
        self._over: set[Job] = set()  # for good, so that nobody needs to look at them again
        self._swept = False
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
                except Exception as trouble:  # a folder that cannot be read must not end all supervision
                    self._complain("The supervisor could not look at the workspace.", trouble)
                    self._end.wait(PAUSE)
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
        # Lists say which are damaged.
        jobs = [job for job in self.workspace.jobs() if job not in self._over and job.sound]
        busy = any([self._attend(job, self._has_worker) for job in jobs])  # a list: every one is looked at
        for job in self.workspace.waiting(jobs):
            if job.mailbox.has(Stop, Pause):
                self._attend(job, self._take_off)
            elif not busy:
                busy = self._attend(job, self._start)
        if not busy and time.monotonic() >= self._settled:  # not while something trains: loading would slow it down
            self.launcher.prepare()
            self._idle()
            if not self._swept:
                self._swept = True
                self.workspace.sweep()

    def _attend(self, job: Job, look: Callable[[Job], bool]) -> bool:
        """Do something for a job. One that gives trouble is left alone for a while, and holds up no other."""
        if time.monotonic() < self._left_alone.get(job, 0.0):
            return job in self._workers
        try:
            return look(job)
        except Exception as trouble:
            self._left_alone[job] = time.monotonic() + PAUSE
            self._complain(f"Nothing can be done for {job.path}; the supervisor goes on with the others.", trouble)
            return job in self._workers

    @staticmethod
    def _complain(what: str, trouble: Exception) -> None:
        if disk.is_full(trouble):
            logger.warning("The disk is full. %s", what)
        else:
            logger.exception("%s", what)

    def _has_worker(self, job: Job) -> bool:
        """Whether somebody works on it. A death that nobody has told yet is recorded."""
        worker = self._workers.get(job)
        if worker and worker.alive():
            self._tell_process(job, worker)
            return True
        status = job.status()
        if status.state in TERMINAL:
            if status.state != "failed":  # which may be resumed
                self._over.add(job)
        elif status.alive and (worker is None or job.lock_is_held()):
            return True  # another supervisor's, which this one has outlived
        elif not (job.waits or isinstance(job.log.last(), HALTED)):
            self._record_death(job, worker.exit_code if worker else None)
        self._workers.pop(job, None)  # not before its death is told
        return False

    @staticmethod
    def _take_off(job: Job) -> bool:
        job.take_off(timeout=10)
        return False

    def _start(self, job: Job) -> bool:
        with job.lock.acquire(timeout=10):
            if not job.waits or job.mailbox.has(Stop, Pause):
                return False
            # Before the launch: a worker that dies while importing must not be started for ever.
            job.log.append(Launched())
            self._workers[job] = worker = self.launcher.launch(job)
            self._tell_process(job, worker)
        return True

    @staticmethod
    def _tell_process(job: Job, worker: Worker) -> None:
        """Whose death means that of the run, for those who did not start it, until the worker takes the run's lock."""
        last, pid = job.log.last(), worker.pid
        if pid is not None and isinstance(last, Launched) and last.pid != pid:
            job.log.append(Launched(pid=pid, began=began(pid)))

    @staticmethod
    def _record_death(job: Job, exit_code: int | None) -> None:
        with job.lock.acquire(timeout=10):
            if job.waits or job.status().state in TERMINAL:
                return  # somebody resumed it, or it ended, since it was looked at
            tail = end_of(job.worker_log)
            job.log.append(Died(exit_code=exit_code, message=death_in_words(exit_code, job.doing, tail), log_tail=tail))
