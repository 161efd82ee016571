"""A run is a folder: what was chosen to train, how that went, and what came of it. A study is another kind of `job`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transfer.config import RunConfig
from transfer.errors import RunError
from transfer.messages.events import EpochEnded, Resumed
from transfer.runs.exported import ExportedModel
from transfer.runs.history import history
from transfer.runs.job import Job, shortened
from transfer.runs.metrics import Metrics

if TYPE_CHECKING:
    import pandas as pd

LONGEST_NAME = 120  # characters shown of it


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

    # ------------------------------------------------------------------ what was chosen

    @cached_property
    def config(self) -> RunConfig:
        return self._record(self.config_file, RunConfig.from_dict)

    @property
    def name(self) -> str:
        """The name the user gave, or one made from the photo folder and the backbone."""
        made = f"{Path(self.config.photos).name} · {Path(self.config.backbone).stem}"
        return shortened(self.config.name or made, LONGEST_NAME)

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

    def request_resume(self) -> None:
        """Put an interrupted run back in the queue; it goes on from its last checkpoint.

        Raises:
            RunError: when the run is not interrupted.
        """
        status = self.status()
        if status.state != "interrupted":
            raise RunError(
                f"“{self.name}” cannot be resumed.",
                expected="a run that was interrupted",
                found=f"a run that is {status.state}",
                fix="Start a new run with the same settings instead.",
            )
        with self.lock.acquire(timeout=10):
            self.mailbox.clear()
            self.log.append(Resumed())
        self._queue.append(self.id)
