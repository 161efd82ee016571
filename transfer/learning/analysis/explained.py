"""Explained: a run's model with its heat maps, as the prediction server holds it, by the fastest means there is.

As in `served`, what makes the maps (`heat_map`) is translated for the engine once and kept under a digest of the model
file; from then on it needs no TensorFlow.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from transfer.errors import ConfigError, RunError, TransferError
from transfer.learning.analysis.prediction import KerasPredictor, read, require_model
from transfer.learning.analysis.served import translating
from transfer.learning.features.compiled import FeatureSpec, digest
from transfer.learning.features.engine import Engine, KerasEngine, OpenVINOEngine, kept_engine, open_engine
from transfer.messages.questions import HeatMaps
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

FORMAT = "heat maps 1"  # raise the number when `heat_map` makes them otherwise
DIGITS = 4  # of numbers that leave

_log = logging.getLogger(__name__)
_translating_maps = threading.Lock()  # one at a time


class ExplainedModel:
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
        self._folder = Workspace.of(run).engines_dir
        self._spec = FeatureSpec("trained model", digest(run.model_file), 0, FORMAT)
        self._fast: Engine | None = kept_engine(self._spec, self._folder)
        self._slow: Engine | None = None
        self._refused: TransferError | None = None
        self._size = self._fast.input_shape[0] if isinstance(self._fast, OpenVINOEngine) else 0
        self._begun = self._tried = False

    @property
    def ready(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self._fast is not None or self._tried

    def prepare(self) -> None:
        """Translate what makes the maps for the engine, unless it is or cannot be; for a thread in the background."""
        with translating:
            pass  # what answers goes first, and never waits for this
        with _translating_maps:
            if self.ready:
                return
            try:
                engine = open_engine(self._network, self._spec, self._folder)
                if isinstance(engine, OpenVINOEngine):  # another process may have kept it: no network was made here
                    self._size = engine.input_shape[0]
                self._fast = engine
            except Exception:  # whoever asks gets it from Keras, or is told
                _log.exception("The heat maps of %s were not translated for the engine.", self._run.id)
            self._tried = True

    def begin(self) -> None:
        """`prepare`, without waiting."""
        if not self._begun:
            self._begun = True
            threading.Thread(target=self.prepare, name="translate heat maps", daemon=True).start()

    def explain(self, path: str, labels: Sequence[str]) -> HeatMaps:
        """What speaks for some classes on a photo; one that cannot be read says why.

        Raises:
            ConfigError: when the model does not know such a class.
            RunError: the network cannot be taken apart; said once, and in the answer from then on.
        """
        known = self._run.dataset.classes
        if strange := [label for label in labels if label not in known]:
            raise ConfigError(
                f"The model does not know the class “{strange[0]}”.",
                expected=f"one of {', '.join(known)}",
                found=strange[0],
                fix="Name a class that it has learned.",
            )
        if self._refused:
            return HeatMaps(path, error=self._refused.to_dict())
        engine = self._fast or self._with_keras()
        photo = read(path, self._size)
        if not isinstance(photo, np.ndarray):
            return HeatMaps(path, error=photo.to_dict())
        found = engine.run(photo[None])[0].round(DIGITS)
        return HeatMaps(path, {label: tuple(map(tuple, found[..., known.index(label)].tolist())) for label in labels})

    def _with_keras(self) -> Engine:
        if self._slow is None:
            self._slow = KerasEngine(self._network())
        return self._slow

    def _network(self) -> Any:
        model = self._load(self._run).model
        from transfer.learning.analysis.heat_map import heat_maps

        self._size = int(model.input_shape[1])
        try:
            return heat_maps(model)
        except (StopIteration, LookupError, TypeError, ValueError, AttributeError) as trouble:
            self._refused = RunError(
                "What it looked at cannot be shown: this network cannot be taken apart.",
                expected="maps, then pooling, then the head",
                found=f"{type(trouble).__name__}: {trouble}".rstrip(": ")[:300],
                fix="That does not touch its answers. Train with another backbone to see what it looks at.",
            )
            raise self._refused from trouble
