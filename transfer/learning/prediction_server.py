"""The prediction server: `python -m transfer.learning.prediction_server` answers questions that need Keras.

What can be asked is in `messages.questions`, and each question has a function here that answers it. All of it runs on
the processor, so that it never takes a GPU from a training. How questions come and answers go is `processes.serving`'s
business.

TensorFlow is loaded when a question needs it: photos are answered by the engine, where the model was translated before.
"""

from __future__ import annotations

import os
import threading
import time
from functools import cache, lru_cache, singledispatch
from pathlib import Path
from typing import Any

from transfer import disk
from transfer.costs.space import model_bytes
from transfer.errors import DiskError
from transfer.learning.analysis.explained import ExplainedModel
from transfer.learning.analysis.prediction import KerasPredictor, load
from transfer.learning.analysis.served import ServedModel
from transfer.learning.export import fresh
from transfer.learning.memory import share_one_heap
from transfer.messages.questions import (
    DescribeMachine,
    DescribeNetwork,
    Done,
    Evaluate,
    Explain,
    Export,
    GetReady,
    HeatMaps,
    Machine,
    NetworkDescription,
    PhotoAnswers,
    Predict,
    Question,
    ReviewPhotos,
    Summarize,
)
from transfer.processes import serving
from transfer.runs.making import Making
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
    run = Run(Path(asked.run))
    threading.Thread(target=_served(run).prepare, name="translate", daemon=True).start()
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
def explain(asked: Explain) -> HeatMaps:
    model = _explained(Run(Path(asked.run)))
    if not model.ready and not asked.wait:
        model.begin()
        return HeatMaps(asked.image, ready=False)
    return model.explain(asked.image, asked.labels)


@answer.register
def evaluate(asked: Evaluate) -> Done:
    run = Run(Path(asked.run))
    predictor = _loaded(run)
    from transfer.learning.analysis.evaluation import evaluate, measured_split
    from transfer.learning.analysis.prediction import BATCH
    from transfer.learning.pipeline import PhotoSource

    photos = PhotoSource(run.dataset, measured_split(run.dataset), predictor.image_size, BATCH)
    earlier = run.metrics()
    before = earlier.calibration.before if earlier and earlier.calibration else None
    evaluate(predictor, photos, run.dataset, run.evaluation_dir, before=before)
    return Done()


@answer.register
def review_photos(asked: ReviewPhotos) -> Done:
    from transfer.learning.analysis.review import review

    review(Run(Path(asked.run)), _machine)
    return Done()


@answer.register
def export(asked: Export) -> Done:
    run = Run(Path(asked.run))

    def tell(making: Making) -> None:
        making.write(run.exports_dir)

    tell(Making(format=asked.format, step="load"))
    predictor = _loaded(run)
    from transfer.learning.export.exporter import export

    export(run, asked.format, predictor, tell=tell)
    return Done()


@answer.register
def summarize(asked: Summarize) -> Done:
    _machine()
    from transfer.learning.analysis.summaries import write

    write(Run(Path(asked.run)), Path(asked.folder))
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


def _explained(run: Run) -> ExplainedModel:
    """A run's model for heat maps, read anew when its file has changed."""
    return _explained_as(run, _written(run))


@lru_cache(maxsize=1)
def _explained_as(run: Run, written: int | None) -> ExplainedModel:
    return ExplainedModel(run, _load)


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


def _with_room(question: Question[Any]) -> Any:
    """As `answer`; where the disk was full or may not be written to, that is said, and how much room it takes."""
    if not isinstance(question, Export | Evaluate | ReviewPhotos | Summarize):
        return answer(question)
    place = Path(question.folder if isinstance(question, Summarize) else question.run)
    with disk.in_words(place):
        try:
            return answer(question)
        except DiskError:
            raise
        except Exception as mistake:
            if not disk.is_full(mistake):
                raise
            needed, run = disk.NOTHING, Run(Path(question.run))
            if isinstance(question, Export | Evaluate):
                needed = 2 * model_bytes(run.config, len(run.dataset.classes))
            what = "There is not enough room on the disk to write that."
            raise disk.full(place, needed, what, "Then try again.") from mistake


if __name__ == "__main__":
    share_one_heap()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    serving.main("prediction server", _with_room)
