"""A run is a folder: where its files are, what they say, and what can be asked of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.errors import RunError
from transfer.messages.events import EpochEnded, Resumed
from transfer.messages.requests import Stop
from transfer.runs.event_log import EventLog
from transfer.runs.exported import ExportedModel
from transfer.runs.history import history
from transfer.runs.mailbox import Mailbox
from transfer.runs.metrics import Metrics
from transfer.runs.queue import Queue
from transfer.runs.status import Status, status, waits


class Run:
    """One run directory.

    Args:
        path: the directory; `Workspace.create` makes new ones.

    Raises:
        RunError: when there is no run there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        if not self.config_file.is_file():
            raise RunError(
                f"There is no run called “{path.name}”.",
                expected="a run directory with a config.json",
                found=str(path),
                fix="Choose one from the list of past runs (python -m transfer runs).",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    # ------------------------------------------------------------------ places

    @property
    def id(self) -> str:
        """The folder's name, unique in the workspace and sorted by time."""
        return self.path.name

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    @property
    def worker_log(self) -> Path:
        return self.path / "worker.log"

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
        return RunConfig.from_json(self.config_file)

    @cached_property
    def dataset(self) -> Dataset:
        return Dataset.from_json(self.path / "dataset.json")

    @property
    def name(self) -> str:
        """The name the user gave, or one made from the photo folder and the backbone."""
        return self.config.name or f"{Path(self.config.photos).name} · {Path(self.config.backbone).stem}"

    @property
    def created(self) -> float:
        """Unix time, seconds."""
        return self.config_file.stat().st_mtime

    # ------------------------------------------------------------------ what happened

    @cached_property
    def log(self) -> EventLog:
        return EventLog(self.path / "events.jsonl")

    @cached_property
    def mailbox(self) -> Mailbox:
        """What people asked of it."""
        return Mailbox(self.path / "requests.jsonl")

    @property
    def lock(self) -> FileLock:
        """The licence to write events. Readers probe it for an instant, so acquire it with a timeout."""
        return FileLock(self.path / "lock", thread_local=False)

    def history(self) -> pd.DataFrame:
        """One row per completed epoch; see `runs.history`."""
        return history(self.log.all(EpochEnded))

    def metrics(self) -> Metrics | None:
        """How good the model is, or None before it was evaluated."""
        try:
            return Metrics.from_json(self.metrics_file)
        except FileNotFoundError:
            return None

    def exported(self, format: str) -> ExportedModel | None:
        """The model in a format, or None before it was exported."""
        return ExportedModel.find(self.exports_dir, format)

    def version(self) -> tuple[Any, ...]:
        """Changes whenever the screen could: the size of the log, the state, the presence of results."""
        status = self.status()
        return (self.id, self.log.size(), status.state, status.place, self.metrics_file.exists())

    # ------------------------------------------------------------------ how it is doing

    def status(self) -> Status:
        """Computed from the last complete event and the lock; see `runs.status`."""
        return status(
            self.log.last(),
            locked=self.lock_is_held,
            stop_asked=lambda: self.mailbox.has(Stop),
            place=lambda: self._queue.place(self.id),
        )

    @property
    def waits(self) -> bool:
        """Whether it waits for its turn."""
        return waits(self.log.last())

    @property
    def _queue(self) -> Queue:
        return Queue(self.path.parent)

    def lock_is_held(self) -> bool:
        """Whether a worker (or, for an instant, a supervisor) holds the run's lock."""
        try:
            with self.lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def request_stop(self) -> None:
        """Ask the run to end at the next step, keeping its best weights; a waiting run is taken off the queue."""
        self.mailbox.send(Stop())

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
