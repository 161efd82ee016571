"""Served: a run's model as the prediction server holds it, answering by the fastest means there is.

The whole model file is translated for the engine once, in the background, and kept with the other engines under a
digest of that file. From then on a process answers with it from its first moment, without TensorFlow; until then, and
where the engine is missing or does not agree with Keras (see `features.engine`), Keras answers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np

from transfer.learning.analysis.prediction import KerasPredictor, Limits, Predictor, require_model
from transfer.learning.features.compiled import FeatureSpec, digest
from transfer.learning.features.engine import OpenVINOEngine, kept_engine, open_engine
from transfer.messages.questions import PhotoAnswer
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

_log = logging.getLogger(__name__)
translating = threading.Lock()  # one at a time: each takes all it can get


class EnginePredictor(Predictor):
    """A trained model, run by an engine.

    Args:
        engine: 0-255 RGB photos -> what `look` gives.
        labels: names of its outputs, in order.
        limits: of it; None where they are not known.
    """

    def __init__(self, engine: OpenVINOEngine, labels: tuple[str, ...], limits: Limits | None) -> None:
        super().__init__(labels, engine.input_shape[0], limits)
        self._engine = engine

    def look(self, photos: np.ndarray) -> np.ndarray:
        """As `Predictor.look`."""
        return self._engine.run(photos)


class ServedModel:
    """The model of a run, as its file is now.

    Args:
        run: whose model.
        load: loads it with Keras; called only when that is needed.

    Raises:
        RunError: when it has none (yet).
    """

    def __init__(self, run: Run, load: Callable[[Run], KerasPredictor]) -> None:
        require_model(run)
        self._run, self._load = run, load
        self._loading = threading.Lock()
        self._folder = Workspace.of(run).engines_dir
        self._limits = Limits.of(run)
        gives = "probabilities and features" if self._limits and self._limits.trust.width else "probabilities"
        self._spec = FeatureSpec("trained model", digest(run.model_file), 0, gives)
        self._keras: KerasPredictor | None = None
        self._tried = False
        self._fast = self._kept()

    @property
    def ready(self) -> bool:
        """Whether the engine answers."""
        return self._fast is not None

    def predict(self, paths: Sequence[str], top: int | None = None) -> list[PhotoAnswer]:
        """As `Predictor.predict`."""
        return (self._fast or self._with_keras()).predict(paths, top)

    def prepare(self) -> None:
        """Translate the model for the engine, unless it is or cannot be; for a thread in the background."""
        with translating:
            if self.ready or self._tried:
                return
            self._tried = True
            try:
                slow = self._with_keras()
                engine = open_engine(lambda: slow.looking, self._spec, self._folder)
            except Exception:  # Keras goes on answering
                _log.exception("The model of %s was not translated for the engine.", self._run.id)
                return
            if isinstance(engine, OpenVINOEngine):
                self._fast, self._keras = self._predictor(engine), None

    def _kept(self) -> EnginePredictor | None:
        engine = kept_engine(self._spec, self._folder)
        return None if engine is None else self._predictor(engine)

    def _predictor(self, engine: OpenVINOEngine) -> EnginePredictor:
        return EnginePredictor(engine, self._run.dataset.classes, self._limits)

    def _with_keras(self) -> KerasPredictor:
        with self._loading:  # asked for, while it is being prepared
            if self._keras is None:
                self._keras = self._load(self._run)
            return self._keras
