"""A job is a folder that another program works on: where its files are, what they say, and what can be asked of it.

There are two kinds: a `runs.run.Run` trains a network, a `runs.study.Study` measures before anything is trained.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import ClassVar

from filelock import FileLock, Timeout

from transfer.errors import RunError
from transfer.messages.requests import Stop
from transfer.runs.event_log import EventLog
from transfer.runs.mailbox import Mailbox
from transfer.runs.queue import Queue
from transfer.runs.status import Status, status, waits


class Job:
    """One directory; `Workspace` makes new ones.

    Args:
        path: the directory.

    Raises:
        RunError: when there is no such job there.

    Attributes:
        kind: what it is called.
        where: how to find those that there are.
        doing: what its worker does, as the beginning of a sentence.
        keeps: what is left when it is stopped.
    """

    kind: ClassVar[str]
    where: ClassVar[str]
    doing: ClassVar[str]
    keeps: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        if not self.config_file.is_file():
            raise RunError(
                f"There is no {self.kind} called “{path.name}”.",
                expected=f"a {self.kind} directory with a config.json",
                found=str(path),
                fix=self.where,
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.path == self.path

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

    # ------------------------------------------------------------------ how it is doing

    def status(self) -> Status:
        """Computed from the last complete event and the lock; see `runs.status`."""
        return status(
            self.log.last(),
            locked=self.lock_is_held,
            stop_asked=lambda: self.mailbox.has(Stop),
            place=lambda: self._queue.place(self.id),
            doing=self.doing,
            keeps=self.keeps,
        )

    @property
    def waits(self) -> bool:
        """Whether it waits for its turn."""
        return waits(self.log.last())

    @property
    def _queue(self) -> Queue:
        return Queue(self.path.parent)

    def lock_is_held(self) -> bool:
        """Whether a worker (or, for an instant, a supervisor) holds the job's lock."""
        try:
            with self.lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def request_stop(self) -> None:
        """Ask it to end at the next step, keeping what there is; one that waits is taken off the queue."""
        self.mailbox.send(Stop())
