"""The runs that wait for their turn, as a person puts them in order."""

from __future__ import annotations

import contextlib
from pathlib import Path

from filelock import Timeout

from transfer import disk
from transfer.commands.runs import Runs
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


class Waiting:
    """Args:
    workspace: whose runs.
    runs: finds them.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace, self._runs = workspace, runs

    def all(self) -> list[Run]:
        """Those that wait, the next one first."""
        # Of those that are over the index knows it, so that their logs need not be read.
        among = [Path(each.run).name for each in self._workspace.summaries() if each.status == "queued"]
        return [Run(self._workspace.runs_dir / name) for name in self._workspace.queue.waiting(among)]

    def move(self, name: str, place: int | None = None, *, by: int = 0) -> Run:
        """Give one another place; see `runs.queue.Queue.move`.

        Raises:
            RunError: when there is no such run, or it does not wait.
        """
        run = self._runs.get(name)
        self._workspace.queue.move(run.id, place, by=by)
        return run

    def remove(self, name: str) -> Run:
        """Take one off the queue; one that has begun meanwhile is left alone.

        Raises:
            RunError: when there is no such run, or it does not wait.
        """
        run = self._runs.get(name)
        self._workspace.queue.require(run.id)
        with disk.in_words(run.path), contextlib.suppress(Timeout):  # whose lock is held begins just now
            run.take_off()
        if not run.status().over:
            self._workspace.queue.require(run.id)
        return run
