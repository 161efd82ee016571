"""Standby: a worker that has loaded TensorFlow before there is anything to train, so that nobody waits for that.

It is started with `--standby`, waits for one line on its standard input, the run directory, and from then on is that
run's worker like any other. When whoever started it goes away before that, the input ends and so does it. Which run
it gets is the supervisor's business.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import subprocess
import time
from pathlib import Path

from transfer.runs.job import Job

PAUSE = 5.0  # seconds before the next one when one died, doubled each time
LONGEST_PAUSE = 600.0

logger = logging.getLogger(__name__)


class Standby:
    """At most one waiting worker.

    Args:
        command: the worker's command line; `--standby` is added.
        log: where its output goes until it has a run.
        once: no other one is started when a run was taken.
    """

    def __init__(self, command: tuple[str, ...], log: Path, once: bool = False) -> None:
        self._command, self._log, self._once = command, log, once
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = PAUSE
        self._next = 0.0

    @property
    def pid(self) -> int | None:
        """The process that waits; None when there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def prepare(self) -> None:
        """Start one unless one waits already. One that died is replaced after a pause, which grows."""
        if self.pid is not None:
            return
        now = time.monotonic()
        if self._process is not None:
            logger.info("A standby worker ended with code %s; see %s.", self._process.returncode, self._log)
            self._drop()
            self._next, self._pause = now + self._pause, min(2 * self._pause, LONGEST_PAUSE)
        if now < self._next:
            return
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command, "--standby"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it may become a training that must outlive this program
            )

    def take(self, job: Job) -> subprocess.Popen[bytes] | None:
        """Give the run to the one that waits. Returns its process, or None when there is none that could take it."""
        process, line = self._process, os.fsencode(job.path)
        if process is None or process.stdin is None or process.poll() is not None or b"\n" in line:
            return None
        self._process = None
        try:
            process.stdin.write(line + b"\n")
            process.stdin.close()
        except OSError:  # it has just died
            self._process = process
            return None
        self._pause, self._next = PAUSE, math.inf if self._once else 0.0
        return process

    def end(self) -> None:
        """Send the one that waits away."""
        process = self._process
        self._drop()
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
