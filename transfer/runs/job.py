"""A job is a folder that another program works on: where its files are, what they say, and what can be asked of it.

There are two kinds: a `runs.run.Run` trains a network, a `runs.study.Study` measures before anything is trained.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from filelock import FileLock, Timeout

from transfer import disk
from transfer.dataset.dataset import Dataset
from transfer.errors import PhotosError, RunError, TransferError
from transfer.messages.endings import Interrupted, Paused, Resumed, Stopped
from transfer.messages.requests import Pause, Request, Stop
from transfer.runs.event_log import EventLog
from transfer.runs.lock import is_held
from transfer.runs.mailbox import Mailbox
from transfer.runs.queue import Queue
from transfer.runs.status import HALTED, TERMINAL, Status, status, waits

T = TypeVar("T")


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
    def dataset_file(self) -> Path:
        return self.path / "dataset.json"

    @property
    def worker_log(self) -> Path:
        return self.path / "worker.log"

    @property
    def created(self) -> float:
        """Unix time, seconds."""
        return self.config_file.stat().st_mtime

    def require_sound(self) -> None:
        """See that what it works from can be understood.

        Raises:
            RunError: when it cannot.
        """
        try:
            self.log.last()
        except OSError as error:
            raise self._damaged(self.log.path, error) from error
        self.config  # noqa: B018 - read when it is first asked for
        if not self.dataset_file.is_file():
            raise self._damaged(self.dataset_file, FileNotFoundError("it is not there"))

    @property
    def sound(self) -> bool:
        """Whether what it works from can be understood."""
        try:
            self.require_sound()
        except RunError:
            return False
        return True

    @cached_property
    def config(self) -> Any:
        """What was chosen.

        Raises:
            RunError: when the file is damaged.
        """
        raise NotImplementedError

    @property
    def dataset(self) -> Dataset:
        """The photos, as they were when they were checked.

        Raises:
            RunError: when the file is damaged.
        """
        try:
            stat = self.dataset_file.stat()
            return _dataset(self.dataset_file, stat.st_mtime_ns, stat.st_size)
        except (OSError, PhotosError) as error:
            raise self._damaged(self.dataset_file, error) from error

    def _record(self, file: Path, make: Callable[[Any], T]) -> T:
        """What is made of a JSON file of the directory, whatever somebody or something did to it.

        Raises:
            RunError: when it is not there, or nothing can be made of it.
        """
        try:
            return make(json.loads(file.read_text(encoding="utf-8")))
        except (
            TransferError,
            OSError,
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise self._damaged(file, error) from error

    def _damaged(self, file: Path, error: Exception) -> RunError:
        why = str(error.what if isinstance(error, TransferError) else error).split("\n")[0]
        return RunError(
            f"The {self.kind} “{self.id}” is damaged: its {file.name} cannot be understood.",
            expected=f"the file {file} as it was written",
            found=shortened(f"{type(error).__name__}: {why}", 200),
            fix="Bring the file back from a backup, or delete the folder.",
        )

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
        last = self.log.last()
        found = status(
            last,
            locked=self.lock_is_held,
            asked=self._is_asked,
            place=lambda: self._queue.place(self.id),
            doing=self.doing,
            full=lambda: disk.free(self.path) < disk.NOTHING,
            keeps=self.keeps,
        )
        # One that ended between the look at its log and that at its lock has said how by now.
        return self.status() if found.state == "interrupted" and self.log.last() != last else found

    def _is_asked(self, kind: type[Request]) -> bool:
        """Whether somebody asked this of it, and it can still do so."""
        return self.mailbox.has(kind)

    @property
    def end_is_told(self) -> bool:
        """Whether its log says how it ended; of one that was killed the supervisor is about to, where there is room."""
        return self.status().state in TERMINAL or isinstance(self.log.last(), HALTED)

    @property
    def waits(self) -> bool:
        """Whether it waits for its turn."""
        return waits(self.log.last())

    @property
    def _queue(self) -> Queue:
        return Queue(self.path.parent)

    def lock_is_held(self) -> bool:
        """Whether a worker (or, for an instant, a supervisor) holds the job's lock."""
        return is_held(self.path / "lock")

    def request_stop(self) -> None:
        """Ask it to end at the next step, keeping what there is; one that waits is taken off the queue."""
        self._ask(Stop())

    def _ask(self, request: Request) -> None:
        """Ask it to end its work; one that waits has nobody to read that, and leaves the queue at once."""
        with disk.in_words(self.path):
            self.mailbox.send(request)
            if self.waits:
                with contextlib.suppress(Timeout):  # it begins just now, and will find what was asked
                    self.take_off()

    def take_off(self, timeout: float = 1.0) -> None:
        """Take it off the queue, if it waits.

        Raises:
            Timeout: when somebody holds its lock for so many seconds.
        """
        with self.lock.acquire(timeout=timeout):
            if self.waits and self.mailbox.has(Pause) and not self.mailbox.has(Stop):
                self.log.append(Paused(message="Paused by you while it waited for its turn."))
            elif isinstance(self.log.last(), Resumed):
                error = RunError("Taken off the queue before it went on.", fix="Resume it whenever you like.")
                self.log.append(Interrupted.of(error))
            elif self.waits:
                self.log.append(Stopped(message="Taken off the queue before it began."))


@lru_cache(maxsize=16)
def _dataset(file: Path, changed: int, size: int) -> Dataset:
    """Kept, because the page looks at the same run every second, and there may be a hundred thousand photos."""
    return Dataset.from_json(file)


def when(created: float) -> str:
    """A Unix time as people say it."""
    return time.strftime("%d %b %H:%M:%S", time.localtime(created))


def shortened(text: str, most: int) -> str:
    """Text of at most so many characters: what stands in a file may be of any length."""
    return text if len(text) <= most else text[: most - 1] + "…"
