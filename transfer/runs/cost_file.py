"""The cost file: what runs of this workspace took on this machine. A cache: it can be thrown away."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from filelock import FileLock

from transfer.costs.cost import Cost
from transfer.messages.message import adapter
from transfer.runs.whole_file import write_whole

MOST = 200  # runs that are remembered


class CostFile:
    """Args:
    file: where it is kept.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> list[Cost]:
        """The oldest first; nothing where there is no file that can be understood."""
        try:
            found: list[Cost] = adapter(list[Cost]).validate_json(self.file.read_bytes())
            return found
        except (OSError, ValueError):
            return []

    def add(self, cost: Cost) -> None:
        """Remember one more.

        Raises:
            OSError: when it cannot be written.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.file.with_name(f".{self.file.name}.lock"), timeout=10):
            costs = [*self.read(), cost][-MOST:]
            write_whole(self.file, json.dumps([dataclasses.asdict(each) for each in costs]))
