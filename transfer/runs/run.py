"""A run is a folder: what was chosen to train, how that went, and what came of it. A study is another kind of `job`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transfer import disk
from transfer.config import RunConfig
from transfer.errors import ConfigError, MemoryShort, RunError
from transfer.messages.endings import Died, Interrupted, Resumed
from transfer.messages.events import EpochEnded
from transfer.runs.exported import ExportedModel
from transfer.runs.history import history
from transfer.runs.job import Job, shortened
from transfer.runs.leftovers import sweep
from transfer.runs.metrics import Metrics
from transfer.runs.notes import LONGEST_NAME, Notes
from transfer.runs.whole_file import write_whole

if TYPE_CHECKING:
    import pandas as pd

CHANGEABLE = ("batch_size", "image_size")  # of a run that goes on: what takes the memory, and no weight depends on


class Run(Job):
    """One run directory.

    Args:
        path: the directory; `Workspace.create` makes new ones.

    Raises:
        RunError: when there is no run there.
    """

    kind = "run"
    where = "Choose one from the list of past runs (python -m transfer runs)."
    doing = "Training"
    keeps = "the best state so far"

    # ------------------------------------------------------------------ places

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.npz"

    @property
    def evaluation_dir(self) -> Path:
        return self.path / "evaluation"

    @property
    def metrics_file(self) -> Path:
        return self.evaluation_dir / "metrics.json"

    @property
    def exports_dir(self) -> Path:
        return self.path / "exports"

    @property
    def model_file(self) -> Path:
        """The trained model as Keras saves it; there once the run has written its first export."""
        return self.exports_dir / "keras" / "model.keras"

    def sweep(self) -> None:
        """Remove what processes that were killed left half written."""
        for folder in (self.path, self.evaluation_dir, self.exports_dir):
            sweep(folder)

    # ------------------------------------------------------------------ what was chosen

    @cached_property
    def config(self) -> RunConfig:
        return self._record(self.config_file, RunConfig.from_dict)

    @property
    def name(self) -> str:
        """The name the user gave, at first or later, or one made from the photo folder and the backbone."""
        made = f"{Path(self.config.photos).name} · {Path(self.config.backbone).stem}"
        return shortened(self.notes.name or self.config.name or made, LONGEST_NAME)

    @property
    def notes(self) -> Notes:
        """What people added to it."""
        return Notes.of(self.path)

    def size(self) -> int:
        """Bytes it takes on the disk."""
        taken = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):  # gone since it was listed
                    taken += (Path(folder) / name).lstat().st_size
        return taken

    # ------------------------------------------------------------------ what happened

    def history(self) -> pd.DataFrame:
        """One row per completed epoch; see `runs.history`."""
        return history(self.log.all(EpochEnded))

    def metrics(self) -> Metrics | None:
        """How good the model is, or None before it was evaluated.

        Raises:
            RunError: when the file is damaged.
        """
        return self._record(self.metrics_file, Metrics.from_dict) if self.metrics_file.exists() else None

    def exported(self, format: str) -> ExportedModel | None:
        """The model in a format, or None before it was exported."""
        return ExportedModel.find(self.exports_dir, format)

    def version(self) -> tuple[Any, ...]:
        """Changes whenever the screen could: the size of the log, the state, the presence of results."""
        status = self.status()
        return (self.id, self.log.size(), status.state, status.place, self.metrics_file.exists())

    # ------------------------------------------------------------------ how it is doing

    @property
    def resumable(self) -> bool:
        """Whether it can go on: it was interrupted, or failed after a checkpoint, which other settings may help."""
        state = self.status().state
        return state == "interrupted" or (state == "failed" and self.checkpoint.is_file())

    @property
    def out_of_memory(self) -> bool:
        """Whether it was interrupted because memory ran out, as far as anybody can tell."""
        last = self.log.last()
        if isinstance(last, Died):
            return last.exit_code == -9  # SIGKILL, which is how a system takes memory back
        return isinstance(last, Interrupted) and isinstance(last.as_error, MemoryShort)

    def request_resume(self, changes: Mapping[str, Any] | None = None) -> None:
        """Put an interrupted run back in the queue; it goes on from its last checkpoint.

        Args:
            changes: settings among `CHANGEABLE` that are others from now on.

        Raises:
            RunError: when the run is not interrupted.
            ConfigError: when it cannot go on with these settings.
        """
        status = self.status()
        if not self.resumable:
            raise RunError(
                f"“{self.name}” cannot be resumed.",
                expected="a run that was interrupted",
                found=f"a run that is {status.state}",
                fix="Start a new run with the same settings instead.",
            )
        config = self._changed(changes or {})
        changed = {name: getattr(config, name) for name in CHANGEABLE if config != self.config}
        with disk.in_words(self.path), self.lock.acquire(timeout=10):
            if changed:
                created = self.config_file.stat()
                write_whole(self.config_file, json.dumps(config.to_dict(), indent=2))
                os.utime(self.config_file, ns=(created.st_atime_ns, created.st_mtime_ns))  # it tells when that was
                del self.config
            self._queue.append(self.id)
            self.mailbox.clear()
            self.log.append(Resumed(changed=changed))  # last: now it waits

    def _changed(self, changes: Mapping[str, Any]) -> RunConfig:
        if fixed := sorted(set(changes) - set(CHANGEABLE)):
            raise ConfigError(
                f"A run goes on with the {', '.join(fixed)} that it began with.",
                expected=f"nothing but {' and '.join(CHANGEABLE)} to be changed",
                found=", ".join(fixed),
                fix="Leave it out, or start a new run.",
            )
        given = {name: value for name, value in changes.items() if value not in (None, "")}
        config = RunConfig.from_dict({**self.config.to_dict(), **given})
        if config.pooling == "flatten" and config.image_size != self.config.image_size:
            raise ConfigError(
                "The photo size of this run cannot be changed.",
                expected="another pooling than flatten, with which the new layers fit one size only",
                found=f"flatten, and photos of {self.config.image_size or 'the usual'} pixels",
                fix="Lower the batch size instead, or start a new run.",
            )
        return config
