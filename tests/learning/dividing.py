"""Workers for tests that need many: divided off from one process that has loaded TensorFlow; see `doomed`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from transfer.messages.events import Launched
from transfer.runs.run import Run


class Workers:
    """One process, and the workers that come of it, one at a time."""

    def __init__(self) -> None:
        program = [sys.executable, "-m", "tests.learning.doomed"]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout and self._process.stdout.readline() == "ready\n"

    def work(self, run: Run, doom: dict[str, Any] | None = None) -> int:
        """Work on a run until it is over, or its doom comes. Returns the exit code."""
        assert self._process.stdin and self._process.stdout
        run.log.append(Launched(pid=self._process.pid, began=0.0))  # as a supervisor does
        self._process.stdin.write(json.dumps({"run": str(run.path), "doom": doom}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def half_written(folder: Path) -> list[str]:
    """What is no whole file in a folder, and what seems to be in use."""
    found = [f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*")]
    return [name for name in found if ("/." in name and not name.endswith(".lock")) or "/held/" in name]
