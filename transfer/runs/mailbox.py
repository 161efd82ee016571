"""The mailbox of a run: what people asked of it, in the order they did. Anybody may write, only the run's worker acts.

What is asked for is a line in a file, because whoever asks and whoever trains are different programs, perhaps on
different machines. What can be asked is in `messages.requests`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from transfer.messages.requests import Request
from transfer.runs.json_lines import JsonLines
from transfer.runs.whole_file import write_whole


class Mailbox:
    """One `requests.jsonl`. An object of this class reads only what was added since it last looked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: JsonLines[Request] = JsonLines(path, Request.from_dict)

    def send(self, request: Request) -> None:
        """Leave a request, with the time it is now."""
        line = _line(dataclasses.replace(request, time=time.time()))
        # One write to a file opened for appending: several programs may ask at a time.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> list[Request]:
        """All requests, oldest first."""
        return self._lines.read()

    def has(self, *kinds: type[Request]) -> bool:
        """Whether something of one of these kinds was asked for."""
        return any(isinstance(request, kinds) for request in self.read())

    def clear(self, keep: Sequence[Request] = ()) -> None:
        """Forget everything that was asked but what is to be kept: the run begins anew."""
        if keep:
            write_whole(self.path, "".join(map(_line, keep)))
        else:
            self.path.unlink(missing_ok=True)


def _line(request: Request) -> str:
    """The first newline ends what a writer that was killed left behind."""
    return f"\n{json.dumps(request.to_dict())}\n"
