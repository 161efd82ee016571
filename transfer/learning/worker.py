"""The worker: `python -m transfer.learning.worker DIR` trains, evaluates and exports one run, or makes one study, and
ends.

With `--standby` or `--keep` in place of the directory it loads everything first and waits for the directory; see
`standby`.

It holds the lock of the run or study for as long as it lives and tells everything through its event log. Its output
goes to worker.log. Exit code 0 when that is finished or was stopped by the user, 1 otherwise.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from filelock import Timeout

from transfer import disk
from transfer.costs.space import run_bytes
from transfer.errors import DiskError, MemoryShort, RunError, TrainingError, TransferError
from transfer.learning import standby
from transfer.learning.features import early
from transfer.learning.memory import forget_peak, share_one_heap, sizes_to_try
from transfer.messages.endings import Failed, Interrupted
from transfer.runs.run import Run
from transfer.runs.status import TERMINAL
from transfer.runs.study import Study, open_job

LOCK_TIMEOUT = 10.0  # seconds; readers hold the lock for an instant when they probe it


def main(arguments: list[str]) -> int:
    """Work on the directory given as the only argument, or wait for one."""
    match arguments:
        case ["--standby"]:
            return standby.wait_for_input(work)
        case ["--keep", place, minutes]:
            return standby.stay(Path(place), float(minutes), work)
        case [directory]:
            return work(Path(directory))
    print("usage: python -m transfer.learning.worker DIR | --standby | --keep PLACE MINUTES", file=sys.stderr)
    return 1


def work(directory: Path) -> int:
    """Work on the run or study in a directory. Returns the exit code."""
    try:
        job = open_job(directory)
        with job.lock.acquire(timeout=LOCK_TIMEOUT):
            return _work(job)
    except Timeout:
        print(f"Another process is working on {directory}.", file=sys.stderr)
        return 1
    except RunError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        early.call_off()


def _work(job: Run | Study) -> int:
    """Everything, and whatever happens one event that says how it ended. The caller holds the lock.

    A run that something befell from outside, or a mistake in the program, is interrupted and can go on; one that would
    end like that again has failed, and so has a study, which is made anew.
    """
    if job.status().state in TERMINAL:
        print(f"This {job.kind} is over: {job.status().message}", file=sys.stderr)
        return 1
    try:
        if isinstance(job, Study):
            from transfer.learning.advisor.advisor import advise

            with sizes_to_try(job.config.run):
                advise(job)
        else:
            if "keras" not in sys.modules:  # which takes long to load
                early.start(job.path)
            with sizes_to_try(job.config):
                _train(job)
        return 0
    except Exception as trouble:
        error, passing = _in_words(job, trouble)
    print(error, file=sys.stderr)
    try:
        job.log.append((Interrupted if passing and isinstance(job, Run) else Failed).of(error))
    except OSError as trouble:
        if not disk.is_full(trouble):
            raise
        return disk.FULL  # whoever started this says so when there is room again
    return 1


def _in_words(job: Run | Study, trouble: Exception) -> tuple[TransferError, bool]:
    """What ended the work, for people, and whether it need not end like that once more."""
    again = "resume it: it goes on from the last finished round" if isinstance(job, Run) else "begin it anew"
    if isinstance(trouble, TransferError) and not disk.is_full(trouble):
        return trouble, isinstance(trouble, MemoryShort)
    if isinstance(trouble, DiskError):
        return trouble, True
    traceback.print_exc()
    if disk.is_full(trouble):
        what = f"{job.doing} ended because the disk is full."
        return disk.full(job.path, _needed(job), what, f"Then {again}."), True
    error = TrainingError(
        f"{job.doing} ended because of a mistake in the program, not in your settings.",
        found=f"{type(trouble).__name__}: {str(trouble)[:500]}",
        fix=f"{again.capitalize()}. If it happens again, report it with worker.log from the {job.kind}'s folder.",
    )
    return error, True


def _needed(job: Run | Study) -> int:
    """Bytes that a run still needs, about; a study needs next to none."""
    if isinstance(job, Study):
        return disk.NOTHING
    there = job.checkpoint.stat().st_size if job.checkpoint.is_file() else 0
    return run_bytes(job.config, job.dataset) - there


def _train(run: Run) -> None:
    """Train and measure a network, and write it."""
    run.sweep()
    forget_peak()
    disk.require(run.path, _needed(run), "There is not enough room on the disk for this run.", "Then resume it.")
    from transfer.learning.export import fresh

    fresh.keep_ready()  # divides this process, which must be small yet

    from transfer.learning.run_work import RunWork

    RunWork(run).do()


class _Log(io.FileIO):
    """What cannot be written to the log, because the disk is full, is lost; the work is not."""

    def write(self, text: Any) -> int:
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)


def log_output() -> io.TextIOWrapper:
    """Where this process says what it does."""
    return io.TextIOWrapper(_Log(1, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)


if __name__ == "__main__":
    sys.stdout = sys.stderr = log_output()
    share_one_heap()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(sys.argv[1:]))
