"""What the command line shows while a worker is at it: one line on stderr that follows the run or study directory.

It holds no state of its own: several terminals can follow, and the page at the same time.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

from transfer.advice.refinement import refinement
from transfer.commands.desk import Desk
from transfer.messages.events import Noticed, Refined
from transfer.messages.measurements import (
    DepthMeasured,
    LearningRateMeasured,
    NetworkLeftOut,
    NetworkMeasured,
    StepEnded,
)
from transfer.processes.kept import KeptStandby
from transfer.processes.launcher import WORKER, LocalLauncher
from transfer.processes.standby import Standby
from transfer.processes.supervisor import Supervisor
from transfer.runs.changes import in_words
from transfer.runs.job import Job
from transfer.runs.making import STEPS, Making
from transfer.runs.progress import PHASE_WORDS, duration, progress, study_progress
from transfer.runs.run import Run
from transfer.runs.status import Status
from transfer.runs.study import Study
from transfer.runs.workspace import Workspace

RECORDED = 5.0  # seconds in which a supervisor says how a run was killed
MINUTES = "TRANSFER_STANDBY_MINUTES"  # of the environment: how long a worker stays for the next command; 0: not at all


@contextlib.contextmanager
def supervision(desk: Desk) -> Iterator[None]:
    """Supervise the workspace, if nobody else does, with a worker that begins to load at once."""
    supervisor = Supervisor(desk.workspace, LocalLauncher(standby(desk.workspace))).start()
    try:
        yield
    finally:
        supervisor.stop()


def standby(workspace: Workspace) -> Standby | KeptStandby:
    """A worker that stays for the next command where that is possible and wanted, else one for this command."""
    minutes = os.environ.get(MINUTES, "5")
    place = KeptStandby.place(workspace) if minutes.strip("0.") else None
    log = workspace.path / "logs" / "standby.log"
    return Standby(WORKER, log, once=True) if place is None else KeptStandby(WORKER, log, place, minutes)


def follow(desk: Desk, run: Run) -> Status:
    """Show a run until it is over.

    Ctrl-C asks the run to stop and keep its best state; a second one leaves it to itself.
    """
    shown = refinements = 0
    changes = len(run.changes())
    notices = len(run.log.all(Noticed))

    def news() -> list[str]:
        nonlocal shown, refinements, notices, changes
        rows = run.history().iloc[shown:].to_dict("records")
        refined = run.log.all(Refined)[refinements:]
        noticed = run.log.all(Noticed)[notices:]
        changed = run.changes()[changes:]
        changes += len(changed)
        shown, refinements, notices = shown + len(rows), refinements + len(refined), notices + len(noticed)
        return [
            *(f"{each.title} {each.message}" for each in noticed),
            *(_epoch(row, run.config_at().total_epochs) for row in rows),
            *map(in_words, changed),
            *(" ".join(refinement(each)) for each in refined),
        ]

    return _follow(desk, run, news, lambda: _now(run))


def follow_study(desk: Desk, study: Study) -> Status:
    """The same for a study."""
    shown = 0

    def news() -> list[str]:
        nonlocal shown
        ended = study.log.all(StepEnded)[shown:]
        shown += len(ended)
        return [_step(step) for step in ended]

    return _follow(desk, study, news, lambda: _measuring(study))


def _follow(desk: Desk, job: Job, news: Callable[[], list[str]], now: Callable[[], str]) -> Status:
    line, waiting = _Line(), ""
    asked, over_since = False, math.inf
    try:
        while True:
            try:
                status = job.status()
                for each in news():
                    line.print(each)
                over_since = min(over_since, time.monotonic()) if status.over else math.inf
                if status.over and (job.end_is_told or time.monotonic() > over_since + RECORDED):
                    return status
                if status.state == "queued" and status.place != 1 and status.message != waiting:
                    waiting = status.message
                    line.print(waiting)
                line.show(now() if status.alive else status.message)
                time.sleep(0.2)
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
                job.request_stop()
                line.print(f"Stopping: {job.keeps} is kept. Ctrl-C again leaves the {job.kind} to itself.")
    finally:
        line.show("")


def _now(run: Run) -> str:
    now = progress(run)
    parts = [f"[{'#' * round(now.fraction * 20):<20}] {now.epochs_done}/{now.epochs_total}", now.message]
    parts += [f"{now.photos_per_second:.0f} photos/s"] if now.photos_per_second else []
    parts += [now.left] if now.left else []
    return " · ".join(parts)


def _measuring(study: Study) -> str:
    now = study_progress(study)
    parts = [f"[{'#' * round(now.fraction * 20):<20}] {now.done}/{now.total}", now.step, now.message]
    parts += [f"{duration(now.eta_seconds)} left"] if now.eta_seconds else []
    return " · ".join(filter(None, parts))


def _step(step: StepEnded) -> str:
    if isinstance(step, NetworkMeasured):
        speed = f"{step.photos_per_second:.0f} photos/s"
        return f"{step.step:<32} {step.accuracy:.1%} right ({step.low:.1%} to {step.high:.1%}) · {speed}"
    if isinstance(step, DepthMeasured):
        return f"{step.step:<32} {step.accuracy:.1%} right ({step.low:.1%} to {step.high:.1%})"
    if isinstance(step, LearningRateMeasured):
        return f"{step.step:<32} {f'{step.suggestion:g}' if step.suggestion else 'no rate stood out'}"
    return f"{step.step:<32} {step.reason if isinstance(step, NetworkLeftOut) else 'done'}"


def _epoch(row: dict[str, object], total: int) -> str:
    def number(name: str, form: str) -> str:
        value = row.get(name)
        return format(value, form) if isinstance(value, float) and value == value else "-"

    return (
        f"{row['step']:>4}/{total} {PHASE_WORDS.get(str(row['phase']), '?'):<11} "
        f"loss {number('loss', '.4f')}  accuracy {number('accuracy', '.3f')}  "
        f"val_loss {number('val_loss', '.4f')}  val_accuracy {number('val_accuracy', '.3f')}"
    )


@contextlib.contextmanager
def following_export(desk: Desk, name: str, format: str) -> Iterator[None]:
    """Show how far an export is while it is made."""
    run, line, over = desk.runs.get(name), _Line(), threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            if (making := Making.find(run.exports_dir, format)) is not None and making.error is None:
                count = f" {making.done}/{making.total}" if making.total else ""
                left = f" · {duration(making.seconds_left)} left" if making.seconds_left else ""
                line.show(f"{format}: {STEPS[making.step]}{count}{left}")
        line.show("")

    watching = threading.Thread(target=watch, name="follow", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


class _Line:
    """The last line of a terminal, rewritten in place; where stderr is no terminal only `print` says anything."""

    def __init__(self) -> None:
        self.width = 0

    def show(self, text: str) -> None:
        if sys.stderr.isatty():
            text = text[:118]
            sys.stderr.write("\r" + text.ljust(self.width) + ("\r" if not text else ""))
            sys.stderr.flush()
            self.width = len(text)

    def print(self, text: str) -> None:
        self.show("")
        print(text, file=sys.stderr, flush=True)
