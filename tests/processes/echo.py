"""A server that speaks as the prediction server does: it repeats, refuses, hangs or dies as it is told."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from transfer.errors import ConfigError
from transfer.messages.questions import Question


@dataclass(frozen=True)
class Said:
    """What was asked, and the process that answers."""

    message: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Say(Question[Said]):
    """Say something, after some seconds."""

    kind: ClassVar[str] = "say"
    answer: ClassVar[type[Any]] = Said
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Refuse(Question[Said]):
    """Answer that the user made a mistake."""

    kind: ClassVar[str] = "refuse"
    answer: ClassVar[type[Any]] = Said


@dataclass(frozen=True, kw_only=True)
class Die(Question[Said]):
    """Die without an answer."""

    kind: ClassVar[str] = "die"
    answer: ClassVar[type[Any]] = Said


def main() -> None:
    for line in sys.stdin:
        print("noise on stderr", file=sys.stderr, flush=True)
        question: Question[Any] | None = Question.from_dict(json.loads(line))
        answer: dict[str, Any] = {"error": ConfigError("No.", fix="Ask again.").to_dict()}
        if isinstance(question, Die):
            os._exit(3)
        if isinstance(question, Say):
            time.sleep(question.seconds)
            answer = {"ok": dataclasses.asdict(Said(question.message, os.getpid()))}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
