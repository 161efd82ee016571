"""The index of runs: what lists say of those that are over, so that a thousand folders need not be read for each list.

It can be thrown away. A run is looked up only while its files are as they were when it was written down, and the
folders stay the truth: without the index, or with a damaged one, everything is the same and takes longer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

from transfer.messages.message import adapter
from transfer.runs.notes import FILE
from transfer.runs.run import Run
from transfer.runs.status import HALTED, TERMINAL
from transfer.runs.summary import Summary
from transfer.runs.whole_file import write_whole

VERSION = 3  # of what is written down of a run

_Row = tuple[str, Summary]


class RunIndex:
    """One index.

    Args:
        file: where it is kept.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def summaries(self, runs: Sequence[Run]) -> list[Summary]:
        """Those of all runs of a workspace, in the order given."""
        known = self._read()
        rows: dict[str, _Row] = {}
        found = []
        for run in runs:
            stamp = _stamp(run)
            row = known.get(run.id)
            if row and row[0] == stamp:
                # The workspace may have moved.
                row = rows[run.id] = (stamp, dataclasses.replace(row[1], run=str(run.path)))
                found.append(row[1])
                continue
            found.append(Summary.of(run))
            if _settled(run, found[-1]):
                rows[run.id] = (stamp, found[-1])
        if rows.keys() != known.keys() or any(rows[name][0] != known[name][0] for name in rows):
            with contextlib.suppress(OSError):  # a full disk, no permission: another time
                self._write(rows)
        return found

    def _read(self) -> dict[str, _Row]:
        try:
            rows: dict[str, _Row] = adapter(dict[str, _Row]).validate_json(self.file.read_bytes())
            return rows
        except (OSError, ValueError):
            return {}

    def _write(self, rows: dict[str, _Row]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        plain = {name: (stamp, dataclasses.asdict(summary)) for name, (stamp, summary) in rows.items()}
        write_whole(self.file, json.dumps(plain))


def _stamp(run: Run) -> str:
    """Differs once a file that the summary is made of was written."""
    marks = [VERSION]
    place = str(run.path)
    for file in ("config.json", "events.jsonl", "evaluation/metrics.json", FILE, "exports"):
        try:
            stat = os.stat(f"{place}/{file}")  # noqa: PTH116 - the quicker way, of what changes in a run
            marks += [stat.st_mtime_ns, stat.st_size]
        except OSError:
            marks += [0, 0]
    return " ".join(map(str, marks))


def _settled(run: Run, summary: Summary) -> bool:
    """Whether the summary follows from its files alone, and not from who is at work or waits."""
    if summary.status in {"interrupted", "paused"}:
        return isinstance(run.log.last(), HALTED)
    return summary.status in TERMINAL
