"""An export that is being made: a hidden file in the run's folder of exports says how far it is, or why it failed.

So every reader sees it, after a reload too. It is gone once the export is there, and means nothing once its writer is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from transfer.errors import TransferError
from transfer.runs import process
from transfer.runs.whole_file import write_whole

STEPS = {
    "wait": "It waits until another one is done.",
    "load": "Loading the model.",
    "write": "Writing the model.",
    "app": "Asking the app about your test photos.",
    "prove": "Trying the file on your test photos.",
    "loading": "Loading your test photos as other programs do.",
    "failed": "It could not be made.",
}


@dataclass(frozen=True, kw_only=True)
class Making:
    """How far an export is.

    Attributes:
        format: its name in `transfer.formats`.
        step: one of STEPS.
        began: when the step began, Unix time.
        total: photos of this step; 0 where nothing is counted.
        lines: a file that gets a line for each of them.
        pid: the process that is at it.
        since: when that process began, Unix time.
        error: why it failed, as `TransferError.to_dict` gave it.
    """

    format: str
    step: str = "wait"
    began: float = field(default_factory=time.time)
    total: int = 0
    lines: str = ""
    pid: int = field(default_factory=os.getpid)
    since: float | None = field(default_factory=lambda: process.began(os.getpid()))
    error: dict[str, str] | None = None

    @classmethod
    def find(cls, exports_dir: Path, format: str) -> Making | None:
        """What is being made in a format, or failed last; None when nothing is."""
        try:
            found: Making = _adapter.validate_json(_place(exports_dir, format).read_bytes())
        except (OSError, ValueError):
            return None
        return found if found.error or process.lives(found.pid, found.since) else None

    def write(self, exports_dir: Path) -> None:
        """Put it where readers find it."""
        write_whole(_place(exports_dir, self.format), json.dumps(dataclasses.asdict(self)))

    def end(self, exports_dir: Path, error: TransferError | None = None) -> None:
        """Nothing is being made any more: it is there, or it failed with an error that is kept."""
        with contextlib.suppress(OSError):  # the disk is full; then nobody reads it after a reload
            _place(exports_dir, self.format).unlink(missing_ok=True)
            if error is not None:
                dataclasses.replace(self, step="failed", error=error.to_dict()).write(exports_dir)

    @property
    def as_error(self) -> TransferError | None:
        return TransferError.from_dict(self.error) if self.error else None

    @property
    def done(self) -> int:
        """Photos of this step that were looked at."""
        try:
            return min(self.total, Path(self.lines).read_bytes().count(b"\n")) if self.lines else 0
        except OSError:
            return 0

    @property
    def seconds_left(self) -> float | None:
        """Of this step, as fast as it went so far; None while nobody can know."""
        done = self.done
        return (time.time() - self.began) * (self.total - done) / done if done else None


def _place(exports_dir: Path, format: str) -> Path:
    return exports_dir / f".{format}.making"


_adapter = TypeAdapter(Making)
