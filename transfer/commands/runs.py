"""The runs of a workspace, as a person asks for them: by name, in a list, with notes, into the bin and back."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from transfer.dataset.roots import Roots
from transfer.errors import RunError
from transfer.runs.run import Run
from transfer.runs.status import ALIVE
from transfer.runs.summary import Summary
from transfer.runs.workspace import Workspace


class Runs:
    """Args:
    workspace: whose runs.
    roots: the folders that photos may lie in; where that is any, so may runs.
    """

    def __init__(self, workspace: Workspace, roots: Roots) -> None:
        self._workspace, self._roots = workspace, roots

    def get(self, name: str) -> Run:
        """A run by its name; where any folder may be opened, also by a part of its name or by its path.

        Raises:
            RunError: when there is none, or it is damaged.
        """
        run = self._folder(name)
        run.require_sound()
        run.dataset, run.metrics()
        return run

    def _folder(self, name: str) -> Run:
        """As `get`, damaged or not."""
        if self._roots.anywhere:
            return self._workspace.run(name)
        return Run(folder_in(self._workspace.runs_dir, name, "There is no run called “{}”."))

    def all(self) -> list[Run]:
        """All runs, newest first, damaged ones too."""
        return self._workspace.runs()

    def summaries(self) -> list[Summary]:
        """A line on each run, newest first; one that is damaged says so."""
        return self._workspace.summaries()

    def at_work(self) -> Run | None:
        """The run that a worker is at right now."""
        return next((Run(Path(each.run)) for each in self.summaries() if each.status in ALIVE), None)

    def trained(self, name: str) -> Run:
        """As `get`, one that has a model.

        Raises:
            RunError: when there is no such run, or it has none.
        """
        run = self.get(name)
        if not run.model_file.is_file():
            raise RunError(
                f"“{run.name}” has no trained model.",
                expected="a run that is finished, or was stopped after its first round",
                found=f"a run that is {run.status().state}",
                fix="Wait until it has finished, or resume it.",
            )
        return run

    def annotate(self, name: str, /, **changes: Any) -> Run:
        """Give a run another name or a note: fields of `runs.notes.Notes`.

        Raises:
            RunError: when there is no such run, or a text is too long.
        """
        run = self._folder(name)
        dataclasses.replace(run.notes, **changes).write(run.path)
        return run

    def star(self, name: str) -> Run:
        """Star a run, or take its star away.

        Raises:
            RunError: when there is no such run.
        """
        run = self._folder(name)
        dataclasses.replace(run.notes, starred=not run.notes.starred).write(run.path)
        return run

    def discard(self, name: str) -> Run:
        """Move a run into the bin, damaged or not.

        Raises:
            RunError: when there is no such run, or it is not over.
        """
        run = self._folder(name)
        self._workspace.bin.discard(run)
        return run

    def restore(self, name: str) -> Run:
        """Put a run back that was thrown away.

        Raises:
            RunError: when it is not in the bin.
        """
        return self._workspace.bin.restore(folder_in(self._workspace.bin.folder, name, "“{}” is not in the bin.").name)


def folder_in(folder: Path, name: str, otherwise: str) -> Path:
    """A folder in a folder. What comes from a browser names nothing else: no path, no part of a name."""
    place = folder / name
    if (
        not name
        or "\0" in name
        or len(os.fsencode(name)) > 255
        or place.name != name
        or place.resolve().parent != folder
    ):
        raise RunError(otherwise.format(name[:80]), fix="Choose one from the list.")
    return place
