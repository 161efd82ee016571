"""The prediction server: `python -m transfer.learning.prediction_server` answers questions that need Keras.

A question is one line of JSON, and so is an answer.

It serves predictions, exports, evaluations and looks into model files, all on the processor, so that it never takes a
GPU from a training. The client is `transfer.processes.client`. Its standard output carries the protocol and nothing
else;
whatever libraries print goes to standard error. It ends when its standard input does.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from transfer.errors import ConfigError, RunError, TransferError
from transfer.messages.questions import (
    A,
    DescribeMachine,
    DescribeNetwork,
    Done,
    Evaluate,
    Export,
    Machine,
    NetworkDescription,
    PhotoAnswers,
    Predict,
    Question,
)
from transfer.runs.run import Run

KEPT = 3  # trained models held in memory, the least recently used one leaves first


class Answers:
    """What can be asked, one method per question."""

    def __init__(self) -> None:
        from transfer.learning import device

        self._device = device.describe()
        device.hide_gpus()
        self._loaded: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._methods: dict[type[Question[Any]], Callable[[Any], Any]] = {
            DescribeMachine: self.machine,
            DescribeNetwork: self.network,
            Predict: self.predict,
            Evaluate: self.evaluate,
            Export: self.export,
        }

    def answer(self, question: Question[A]) -> A:
        """The answer to one question.

        Raises:
            TransferError: when the user can put it right.
        """
        answer: A = self._methods[type(question)](question)
        return answer

    def machine(self, asked: DescribeMachine) -> Machine:
        description, gpus = self._device
        return Machine(description, tuple(gpus))

    def predict(self, asked: Predict) -> PhotoAnswers:
        predictor = self._predictor(Run(Path(asked.run)))
        began = time.perf_counter()
        answers = predictor.predict(asked.images, asked.top)
        milliseconds = 1000 * (time.perf_counter() - began)
        return PhotoAnswers(tuple(answers), round(milliseconds, 2))

    def export(self, asked: Export) -> Done:
        from transfer.learning.export.exporter import export

        run = Run(Path(asked.run))
        export(run, asked.format, self._predictor(run))
        return Done()

    def evaluate(self, asked: Evaluate) -> Done:
        from transfer.learning.analysis.evaluation import evaluate

        run = Run(Path(asked.run))
        evaluate(self._predictor(run), run.dataset, run.evaluation_dir, run.config.batch_size)
        return Done()

    def network(self, asked: DescribeNetwork) -> NetworkDescription:
        from transfer.learning.model import custom
        from transfer.learning.model.classifier import layers_of

        found = custom.load(Path(asked.file))
        return NetworkDescription(layers_of(found.network), found.image_size)

    def _predictor(self, run: Run) -> Any:
        from transfer.learning.analysis.prediction import load

        try:
            key = (str(run.model_file), run.model_file.stat().st_mtime_ns)
        except FileNotFoundError:
            return load(run)  # says what is missing
        if key not in self._loaded:
            self._loaded[key] = load(run)
        self._loaded.move_to_end(key)
        while len(self._loaded) > KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[key]


def serve(questions: TextIO, out: TextIO) -> None:
    """Answer until the questions end."""
    answers: Answers | None = None
    for line in questions:
        if not line.strip():
            continue
        try:
            question = _question(line)
            answers = answers or Answers()
            reply: dict[str, Any] = {"ok": dataclasses.asdict(answers.answer(question))}
        except TransferError as error:
            reply = {"error": error.to_dict()}
        except Exception as mistake:
            traceback.print_exc()
            trouble = RunError(
                "The prediction server could not answer.",
                found=f"{type(mistake).__name__}: {str(mistake)[:300]}",
                fix="Try once more. If it happens again, report it with its log.",
            )
            reply = {"error": trouble.to_dict()}
        out.write(json.dumps(reply) + "\n")
        out.flush()


def _question(line: str) -> Question[Any]:
    try:
        question: Question[Any] | None = Question.from_dict(json.loads(line))
    except ValueError:
        question = None
    if question is None:
        raise ConfigError(
            "The prediction server does not understand a question.",
            expected=f"a JSON object on one line, “question” being one of {', '.join(Question.kinds())}",
            found=line[:200],
        )
    return question


def main() -> int:
    """Keep standard output for the protocol, then serve."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    import tensorflow  # noqa: F401 - loaded before the first question, which then is answered at once

    serve(sys.stdin, private)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main())
