"""Serving: a program answers questions on its standard input, a line of JSON each, for a client in `client`.

Standard output carries the protocol and nothing else; whatever libraries print goes to standard error. The program
ends when its standard input does.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, TextIO

from transfer.errors import ConfigError, RunError, TransferError
from transfer.messages.questions import Question

Answer = Callable[[Question[Any]], Any]
"""The answer to a question, of the dataclass `question.answer`; raises TransferError when the user can put it right."""


def serve(name: str, answer: Answer, questions: TextIO, out: TextIO) -> None:
    """Answer until the questions end.

    Args:
        name: what the program is called, in words.
        answer: answers one question.
        questions, out: lines of JSON.
    """
    for line in questions:
        if not line.strip():
            continue
        try:
            reply: dict[str, Any] = {"ok": dataclasses.asdict(answer(_question(name, line)))}
        except TransferError as error:
            reply = {"error": error.to_dict()}
        except Exception as mistake:
            traceback.print_exc()
            trouble = RunError(
                f"The {name} could not answer.",
                found=f"{type(mistake).__name__}: {str(mistake)[:300]}",
                fix="Try once more. If it happens again, report it with its log.",
            )
            reply = {"error": trouble.to_dict()}
        out.write(json.dumps(reply) + "\n")
        out.flush()


def _question(name: str, line: str) -> Question[Any]:
    try:
        question: Question[Any] | None = Question.from_dict(json.loads(line))
    except ValueError:
        question = None
    if question is None:
        raise ConfigError(
            f"The {name} does not understand a question.",
            expected=f"a JSON object on one line, “question” being one of {', '.join(Question.kinds())}",
            found=line[:200],
        )
    return question


def main(name: str, answer: Answer) -> NoReturn:
    """Keep standard output for the protocol, then serve."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(name, answer, sys.stdin, private)
    private.flush()
    os._exit(0)  # what goes on in the background is nobody's any more
