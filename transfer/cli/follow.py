"""What the command line shows while a run trains: one line on stderr that follows the run directory.

It holds no state of its own: the run can be followed from several terminals, and from the page at the same time.
"""

from __future__ import annotations

import sys
import time

from transfer.commands.desk import Desk
from transfer.messages.events import Died
from transfer.processes.launcher import LocalLauncher
from transfer.processes.supervisor import Supervisor
from transfer.runs.progress import PHASE_WORDS, duration, progress
from transfer.runs.run import Run
from transfer.runs.status import Status


def follow(desk: Desk, run: Run) -> Status:
    """Supervise the workspace, if nobody else does, and show the run until it is over.

    Ctrl-C asks the run to stop and keep its best state; a second one leaves it to itself.
    """
    supervisor = Supervisor(desk.workspace, LocalLauncher()).start()
    line, shown, waiting = _Line(), 0, ""
    asked = False
    try:
        while True:
            try:
                status = run.status()
                history = run.history()
                for row in history.iloc[shown:].to_dict("records"):
                    line.print(_epoch(row, run.config.total_epochs))
                shown = max(shown, len(history))
                if status.over and not _about_to_be_recorded(run, status):
                    return status
                if status.state == "queued" and status.place != 1 and status.message != waiting:
                    waiting = status.message
                    line.print(waiting)
                line.show(_now(run, status))
                time.sleep(0.2)
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
                desk.stop(run.id)
                line.print("Stopping: the best state so far is kept. Ctrl-C again leaves the run to itself.")
    finally:
        line.show("")
        supervisor.stop()


def _about_to_be_recorded(run: Run, status: Status) -> bool:
    """An interrupted run whose death is not in the log yet: the supervisor is about to say how it died."""
    last = run.log.last()
    return status.state == "interrupted" and last is not None and not isinstance(last, Died)


def _now(run: Run, status: Status) -> str:
    if not status.alive:
        return status.message
    now = progress(run)
    parts = [f"[{'#' * round(now.fraction * 20):<20}] {now.epochs_done}/{now.epochs_total}", now.message]
    parts += [f"{now.photos_per_second:.0f} photos/s"] if now.photos_per_second else []
    parts += [f"{duration(now.eta_seconds)} left"] if now.eta_seconds else []
    return " · ".join(parts)


def _epoch(row: dict[str, object], total: int) -> str:
    def number(name: str, form: str) -> str:
        value = row.get(name)
        return format(value, form) if isinstance(value, float) and value == value else "-"

    return (
        f"{row['step']:>4}/{total} {PHASE_WORDS[str(row['phase'])]:<11} "
        f"loss {number('loss', '.4f')}  accuracy {number('accuracy', '.3f')}  "
        f"val_loss {number('val_loss', '.4f')}  val_accuracy {number('val_accuracy', '.3f')}"
    )


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
