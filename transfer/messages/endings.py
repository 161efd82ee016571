"""Endings: the events that say how the work on a run or a study ended, and that it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from transfer.errors import TransferError
from transfer.messages.events import Event


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """Everything was done."""

    kind: ClassVar[str] = "finished"


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The user ended it; `model` says whether there is one."""

    kind: ClassVar[str] = "stopped"
    message: str
    model: bool = False


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """Something went wrong for good."""

    kind: ClassVar[str] = "failed"
    error: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: TransferError) -> Self:
        return cls(error=error.to_dict())

    @property
    def as_error(self) -> TransferError:
        return TransferError.from_dict(self.error)


@dataclass(frozen=True, kw_only=True)
class Interrupted(Failed):
    """Something went wrong that need not go wrong again; what was learned so far can be gone on from."""

    kind: ClassVar[str] = "interrupted"


@dataclass(frozen=True, kw_only=True)
class Paused(Event):
    """The user wanted it out of the way for a while; it goes on when they say so."""

    kind: ClassVar[str] = "paused"
    message: str


@dataclass(frozen=True, kw_only=True)
class Died(Event):
    """The worker ended without saying how; the supervisor found it. `exit_code` is None when nobody can know."""

    kind: ClassVar[str] = "died"
    message: str
    exit_code: int | None = None
    log_tail: str = ""


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """The user put an interrupted or paused run back in the queue; `changed` are settings of it that are others now."""

    kind: ClassVar[str] = "resume"
    changed: dict[str, Any] = field(default_factory=dict)
