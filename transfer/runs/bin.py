"""The bin: runs that were thrown away, each to be put back as it was until the bin is emptied."""

from __future__ import annotations

import shutil
from pathlib import Path

from transfer.errors import RunError
from transfer.runs.run import Run


class Bin:
    """The bin of a workspace.

    Args:
        folder: where thrown away runs are kept.
        runs_dir: where they came from.
    """

    def __init__(self, folder: Path, runs_dir: Path) -> None:
        self.folder, self.runs_dir = folder, runs_dir

    def runs(self) -> list[Run]:
        """What is in it, newest first."""
        paths = self.folder.iterdir() if self.folder.is_dir() else ()
        return [Run(path) for path in sorted(paths, reverse=True) if (path / "config.json").is_file()]

    def discard(self, run: Run) -> None:
        """Move a run into the bin.

        Raises:
            RunError: when somebody works on it or it waits, or it cannot be moved.
        """
        if run.lock_is_held() or (run.sound and not run.status().over):
            raise RunError(
                "This run cannot be thrown away yet.",
                expected="a run that is over",
                found=run.status().message,
                fix="Stop it first, or take it off the queue.",
            )
        self.folder.mkdir(exist_ok=True)
        _move(run.path, self.folder / run.id)

    def restore(self, name: str) -> Run:
        """Put a run back.

        Raises:
            RunError: when it is not there, or cannot be moved.
        """
        _move(Run(self.folder / name).path, self.runs_dir / name)
        return Run(self.runs_dir / name)

    def empty(self) -> int:
        """Delete for good what is in it; how many bytes that freed."""
        freed = 0
        for run in self.runs():
            freed += run.size()
            shutil.rmtree(run.path, ignore_errors=True)
        return freed


def _move(run: Path, place: Path) -> None:
    """Another place for a run directory, at once or not at all."""
    try:
        if place.exists():
            raise FileExistsError("there is one of that name already")
        run.rename(place)
    except OSError as error:
        raise RunError(
            f"“{run.name}” cannot be moved.",
            expected=f"a folder that can be moved to {place.parent}",
            found=error.strerror or str(error),
            fix="Close what uses its files, or give your user permission to write there.",
        ) from error
