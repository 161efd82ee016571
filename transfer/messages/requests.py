"""Requests: what a person asks of a run that waits or trains. Whoever trains looks for them between two steps.

A new control is a class here and a callback in `learning.training`. How they get there is `runs.mailbox`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from transfer.messages.message import Message


@dataclass(frozen=True, kw_only=True)
class Request(Message):
    """Something asked of a run.

    Attributes:
        time: unix seconds; set when it is written.
    """

    tag = "request"
    time: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Stop(Request):
    """End at the next step and keep the best state; a run that waits leaves the queue."""

    kind: ClassVar[str] = "stop"
