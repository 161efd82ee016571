"""Requests: what a person asks of a run that waits or trains. Whoever trains looks for them between two steps.

A new control is a class here and a callback in `learning.training`. How they get there is `runs.mailbox`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

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


@dataclass(frozen=True, kw_only=True)
class Pause(Request):
    """Leave as soon as little is lost, to go on later exactly as if nothing had been; a run that waits leaves the
    queue."""

    kind: ClassVar[str] = "pause"


@dataclass(frozen=True, kw_only=True)
class Change(Request):
    """From the next epoch on these settings, as in `RunConfig`, have other values."""

    kind: ClassVar[str] = "change"
    settings: dict[str, Any] = field(default_factory=dict)
