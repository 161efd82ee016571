"""The prediction server: `python -m transfer.learning.prediction_server` answers questions that need Keras.

A question is one line of JSON, and so is an answer; what can be asked is in `messages.questions`, and each question has
a function here that answers it. All of it runs on the processor, so that it never takes a GPU from a training. The
client is `processes.client`. Standard output carries the protocol and nothing else; whatever libraries print goes to
standard error. It ends when its standard input does.

TensorFlow is loaded when a question needs it: photos are answered by the engine, where the model was translated before.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
import time
import traceback
from functools import cache, lru_cache, singledispatch
from pathlib import Path
from typing import Any, NoReturn, TextIO

from transfer import disk
from transfer.errors import ConfigError, RunError, TransferError
from transfer.learning.analysis.prediction import KerasPredictor, load
from transfer.learning.analysis.served import ServedModel
from transfer.learning.export import fresh
from transfer.learning.memory import share_one_heap
from transfer.messages.questions import (
    DescribeMachine,
    DescribeNetwork,
    Done,
    Evaluate,
    Export,
    GetReady,
    Machine,
    NetworkDescription,
    PhotoAnswers,
    Predict,
    Question,
)
from transfer.networks.space import model_bytes
from transfer.runs.run import Run

LATER = 1.0  # seconds after which somebody who asks about photos may ask again, and a translation pays
KEPT = 3  # trained models held in memory, the least recently used one leaves first


@singledispatch
def answer(question: Any) -> Any:
    """The answer to a question, of the dataclass `question.answer`.

    Raises:
        TransferError: when the user can put it right.
    """
    raise NotImplementedError(f"nothing answers {type(question).__name__}")


@answer.register
def machine(_: DescribeMachine) -> Machine:
    return _machine()


@answer.register
def network(asked: DescribeNetwork) -> NetworkDescription:
    _machine()
    from transfer.learning.model import custom
    from transfer.learning.model.classifier import layers_of

    found = custom.load(Path(asked.file))
    return NetworkDescription(layers_of(found.network), found.image_size)


@answer.register
def get_ready(asked: GetReady) -> Done:
    model = _served(Run(Path(asked.run)))
    if not model.ready:
        threading.Thread(target=model.prepare, name="translate", daemon=True).start()
    return Done()


@answer.register
def predict(asked: Predict) -> PhotoAnswers:
    model = _served(Run(Path(asked.run)))
    began = time.perf_counter()
    photos = model.predict(asked.images, asked.top)
    if not model.ready:
        threading.Timer(LATER, model.prepare).start()
    return PhotoAnswers(tuple(photos), round(1000 * (time.perf_counter() - began), 2))


@answer.register
def evaluate(asked: Evaluate) -> Done:
    run = Run(Path(asked.run))
    predictor = _loaded(run)
    from transfer.learning.analysis.evaluation import evaluate, measured_split
    from transfer.learning.analysis.prediction import BATCH
    from transfer.learning.pipeline import PhotoSource

    photos = PhotoSource(run.dataset, measured_split(run.dataset), predictor.image_size, BATCH)
    evaluate(predictor, photos, run.dataset, run.evaluation_dir)
    return Done()


@answer.register
def export(asked: Export) -> Done:
    run = Run(Path(asked.run))
    predictor = _loaded(run)
    from transfer.learning.export.exporter import export

    export(run, asked.format, predictor)
    return Done()


_choosing = threading.Lock()


def _machine() -> Machine:
    """What training would run on. From then on this process computes on the processor: before anything else does."""
    with _choosing:
        return _looked_at()


@cache
def _looked_at() -> Machine:
    fresh.keep_ready()
    from transfer.learning import device

    description, gpus = device.describe()
    device.hide_gpus()
    return Machine(description, tuple(gpus))


def _served(run: Run) -> ServedModel:
    """A run's model for photos, read anew when its file has changed."""
    return _served_as(run, _written(run))


@lru_cache(maxsize=KEPT)
def _served_as(run: Run, written: int | None) -> ServedModel:
    return ServedModel(run, _load)


def _loaded(run: Run) -> KerasPredictor:
    """A run's model for everything else, loaded anew when its file has changed."""
    return _loaded_as(run, _written(run))


@lru_cache(maxsize=KEPT)
def _loaded_as(run: Run, written: int | None) -> KerasPredictor:
    return _load(run)


def _load(run: Run) -> KerasPredictor:
    _machine()
    return load(run)


def _written(run: Run) -> int | None:
    return run.model_file.stat().st_mtime_ns if run.model_file.exists() else None


def serve(questions: TextIO, out: TextIO) -> None:
    """Answer until the questions end."""
    for line in questions:
        if not line.strip():
            continue
        question = None
        try:
            question = _question(line)
            reply: dict[str, Any] = {"ok": dataclasses.asdict(answer(question))}
        except Exception as mistake:
            if not isinstance(mistake, TransferError):
                traceback.print_exc()
            reply = {"error": _in_words(question, mistake).to_dict()}
        out.write(json.dumps(reply) + "\n")
        out.flush()


def _in_words(question: Question[Any] | None, mistake: Exception) -> TransferError:
    """What could not be answered, and why."""
    if isinstance(mistake, TransferError) and not disk.is_full(mistake):
        return mistake
    if disk.is_full(mistake) and isinstance(question, Export | Evaluate):
        run = Run(Path(question.run))
        needed = 2 * model_bytes(run.config, len(run.dataset.classes))
        return disk.full(run.path, needed, "There is not enough room on the disk to write that.", "Then try again.")
    return RunError(
        "The prediction server could not answer.",
        found=f"{type(mistake).__name__}: {str(mistake)[:300]}",
        fix="Try once more. If it happens again, report it with its log.",
    )


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


def main() -> NoReturn:
    """Keep standard output for the protocol, then serve."""
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(sys.stdin, private)
    private.flush()
    os._exit(0)  # a translation under way is nobody's any more


if __name__ == "__main__":
    share_one_heap()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
