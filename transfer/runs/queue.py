"""The queue: in which order the waiting runs of a folder start. Whether a run waits follows from its events.

`queue.json` beside the runs holds their ids, the next one first. An id whose run no longer waits is passed over, and
goes when the file is next written. Runs that are not in it, because somebody copied them in or an earlier version made
them, come last, in the order of their names, which begin with a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from transfer.errors import RunError
from transfer.messages.message import adapter
from transfer.runs.event_log import EventLog
from transfer.runs.status import waits
from transfer.runs.whole_file import write_whole


class Queue:
    """The order of one folder of runs. Reading it needs no lock and writes nothing.

    Args:
        runs_dir: the folder with the run directories.
    """

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self._file = runs_dir / "queue.json"

    def waiting(self, among: Iterable[str] | None = None) -> list[str]:
        """The ids of the runs that wait, the next one first; only those of `among`, where others are known not to."""
        if among is None:
            among = (folder.name for folder in self.runs_dir.iterdir() if folder.name[0] != ".")
        waiting = {each for each in among if self.has(each)}
        listed = [each for each in self._listed() if each in waiting]
        return listed + sorted(waiting - set(listed))

    def has(self, run_id: str) -> bool:
        """Whether there is such a run, and it waits for its turn."""
        folder = self.runs_dir / run_id
        return (folder / "config.json").is_file() and waits(EventLog(folder / "events.jsonl").last())

    def place(self, run_id: str) -> int:
        """The 1-based place of a run that waits. Of the other runs only those ahead of it are looked at."""
        listed = self._listed()
        if run_id in listed:
            ahead = listed[: listed.index(run_id)]
            return 1 + sum(self.has(each) for each in ahead)
        waiting = self.waiting()
        return 1 + waiting.index(run_id) if run_id in waiting else 1  # else: it has just been started

    def append(self, run_id: str) -> None:
        """Put a run at the end of those that have a place."""
        with self._lock:
            waiting = [each for each in self._listed() if each != run_id and self.has(each)]
            self._write([*waiting, run_id])

    def move(self, run_id: str, place: int | None = None, *, by: int = 0) -> None:
        """Give a waiting run another place, 1 being the next; beyond the end is the end.

        Args:
            run_id: which one.
            place: the new one; None for the one it has now.
            by: how many places further back, or forward where it is negative.

        Raises:
            RunError: when it does not wait.
        """
        with self._lock:
            waiting = self.require(run_id)
            at = (waiting.index(run_id) if place is None else place - 1) + by
            waiting.remove(run_id)
            waiting.insert(max(at, 0), run_id)
            self._write(waiting)

    def require(self, run_id: str) -> list[str]:
        """The ids of the runs that wait, that of a run among them.

        Raises:
            RunError: when it does not wait.
        """
        waiting = self.waiting()
        if run_id not in waiting:
            raise RunError(
                f"“{run_id}” does not wait for its turn.",
                expected="one of the waiting runs",
                found=", ".join(waiting) or "no run that waits",
                fix="Choose a run that has not begun.",
            )
        return waiting

    @property
    def _lock(self) -> FileLock:
        return FileLock(self.runs_dir / ".queue.lock", timeout=10)

    def _listed(self) -> list[str]:
        try:
            return list(dict.fromkeys(adapter(list[str]).validate_json(self._file.read_bytes())))
        except (FileNotFoundError, ValueError):  # a damaged file costs the order, not a run
            return []

    def _write(self, ids: list[str]) -> None:
        write_whole(self._file, json.dumps(ids, indent=1))
