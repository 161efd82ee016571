"""Engine: what computes the frozen part of a network, on the fastest means of this machine.

On a CPU that is OpenVINO, about three times as fast as TensorFlow there; on a GPU, or where OpenVINO is missing, fails
or does not agree with Keras, it is TensorFlow. `Engine.description` says which, and why. What is kept between
starts is in `compiled`; where the frozen part ends is in `cut`; reading photos and storing answers are elsewhere.

How an engine is trusted: whenever one is loaded, its first batch is the fixed pictures that Keras answered when the
network was translated, and it is used only when it gives the same answers (`TOLERANCE`). Weights, network, Keras
and OpenVINO belong to the key of what is kept, so these are the answers Keras would give now, without the seconds of
building the network.
"""

from __future__ import annotations

import importlib.metadata
import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from transfer import disk
from transfer.feature_store.disk_cache import DiskCache, mark_used
from transfer.learning.features import compiled
from transfer.learning.features.compiled import FeatureSpec
from transfer.learning.memory import ran_out

TOLERANCE = 1e-3  # largest difference of two engines, relative to the largest value
TRANSLATED = 10  # bytes a translated and a compiled network take for each number in it, and a little more
QUEUE = 32  # samples that may wait for OpenVINO: enough to keep all cores busy while the next batch is fetched

_log = logging.getLogger(__name__)


class Engine(ABC):
    """Computes one part of a network.

    Attributes:
        description: what it is, for people.
    """

    description: str

    @abstractmethod
    def map(self, batches: Iterable[np.ndarray]) -> Generator[np.ndarray]:
        """The answers to batches of any sizes, in order, computed while the next batch is being fetched.

        At most two batches are under way. Batches are (n, *input shape), uint8 or float32, photos in 0-255; answers are
        (n, *output shape) float32. A batch must not be changed before its answer came.
        """

    def run(self, batch: np.ndarray) -> np.ndarray:
        """The answers to one batch."""
        return next(self.map([batch]))

    @staticmethod
    def cached(folder: Path, key: str) -> OpenVINOEngine | None:
        """The engine kept under a `FeatureSpec.key`, checked; None where there is none that works. Needs no Keras."""
        entry = folder / key
        if not compiled.is_kept(entry):
            return None
        try:
            return OpenVINOEngine(entry)
        except Exception as trouble:  # OpenVINO raises bare RuntimeErrors; a useless entry is made again
            _log.warning("A kept engine was not used: %s", _short(trouble))
            return None


class KerasEngine(Engine):
    """TensorFlow, compiled once for all batch sizes.

    Args:
        model: the part, a Keras model with one input and one output.
        description: what to say about it.
        xla: whether to compile with XLA; on CPUs that slows depthwise convolutions down about ten times.
    """

    def __init__(self, model: Any, description: str = "TensorFlow", xla: bool = False) -> None:
        import tensorflow as tf

        self.description = description

        @tf.function(
            input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)],
            jit_compile=xla,
            autograph=False,
        )
        def answer(batch: Any) -> Any:
            return tf.cast(model(batch, training=False), tf.float32)

        self._answer = answer

    def map(self, batches: Iterable[np.ndarray]) -> Generator[np.ndarray]:
        """As `Engine.map`; one batch at a time, TensorFlow uses all cores for it."""
        for batch in batches:
            yield self._answer(np.asarray(batch, np.float32)).numpy()


class OpenVINOEngine(Engine):
    """OpenVINO on the CPU, with what `compiled.keep` left in a folder.

    Attributes:
        input_shape, output_shape: of one sample.

    Raises:
        Disagreement: when it does not answer as Keras did.
        Exception: when OpenVINO is missing, or cannot read the folder.
    """

    def __init__(self, entry: Path) -> None:
        ov = compiled.openvino()
        self._compiled, pictures, answers = compiled.compile_kept(entry)
        streams = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self.input_shape, self.output_shape = (
            tuple(int(side) for side in end.shape)[1:] for end in (self._compiled.input(0), self._compiled.output(0))
        )
        self._queue = ov.AsyncInferQueue(self._compiled, max(QUEUE, 2 * streams))
        self._queue.set_callback(_arrived)
        version = str(ov.__version__).split("-")[0]
        self.description = f"OpenVINO {version} on the CPU, {streams} photos at a time"
        self.difference = difference(self.run(pictures), answers)
        if not self.difference <= TOLERANCE:  # also when it is not a number
            raise Disagreement(self.difference)
        mark_used(entry)

    def map(self, batches: Iterable[np.ndarray]) -> Generator[np.ndarray]:
        """As `Engine.map`. One map at a time; closing it early waits for what is under way."""
        under_way: deque[_Answers] = deque()
        try:
            for batch in batches:
                answers = _Answers(len(batch), self.output_shape)
                under_way.append(answers)
                for row, sample in enumerate(batch):
                    self._queue.start_async({0: np.asarray(sample, np.float32)[None]}, (answers, row))
                if len(under_way) == 2:
                    yield self._finished(under_way.popleft())
            while under_way:
                yield self._finished(under_way.popleft())
        finally:
            self._queue.wait_all()

    def _finished(self, answers: _Answers) -> np.ndarray:
        while not answers.complete.wait(1.0):
            self._queue.is_ready()  # raises what went wrong, if anything did
        return answers.rows


class _Answers:
    """One batch's answers, filled in from OpenVINO's threads."""

    def __init__(self, count: int, shape: tuple[int, ...]) -> None:
        self.rows = np.empty((count, *shape), np.float32)
        self.complete = threading.Event()
        self._missing = count
        self._lock = threading.Lock()
        if not count:
            self.complete.set()

    def put(self, row: int, answer: np.ndarray) -> None:
        self.rows[row] = answer
        with self._lock:
            self._missing -= 1
            if not self._missing:
                self.complete.set()


def _arrived(request: Any, place: tuple[_Answers, int]) -> None:
    answers, row = place
    answers.put(row, request.get_output_tensor(0).data[0])


class Disagreement(Exception):
    """An engine does not answer as Keras does; never shown as such, it is the reason why another engine is used."""

    def __init__(self, difference: float) -> None:
        super().__init__(f"its answers differ from those of Keras by {difference:.1g} of the largest value")


def open_engine(
    lower: Callable[[], Any],
    part: FeatureSpec,
    folder: Path,
    *,
    gpu: bool = False,
    xla: bool = False,
    reserve: int = 0,
) -> Engine:
    """The engine for a frozen part: kept from before, or translated now, or else TensorFlow, which says why.

    For one that is kept the least recently used others leave, beyond `compiled.ENGINES` bytes.

    Args:
        lower: makes the part as a Keras model (`cut.Cut.lower`); called only when nothing was kept.
        part: what it is.
        folder: where engines are kept, for all runs.
        gpu: whether TensorFlow has a GPU to run it on; xla: whether to compile for it.
        reserve: bytes of the disk that are needed for something else.
    """
    if gpu:
        return KerasEngine(lower(), "TensorFlow on the GPU", xla)
    try:
        compiled.openvino()
    except ImportError as trouble:
        return KerasEngine(lower(), f"TensorFlow on the CPU, slower than OpenVINO, which cannot be used: {trouble}")
    entry = folder / part.key
    if reason := compiled.refusal(entry):
        return KerasEngine(lower(), _instead(reason))
    if (engine := Engine.cached(folder, part.key)) is not None:
        return engine
    model = lower()
    keras = KerasEngine(model)
    if disk.free(folder) < reserve + TRANSLATED * model.count_params():
        keras.description = _instead("there is no room on the disk to keep it")
        return keras
    answers = keras.run(compiled.pictures(tuple(model.input_shape[1:])))
    try:
        compiled.discard(entry)
        compiled.keep(entry, model, answers)
        engine = OpenVINOEngine(entry)  # in use from here on, so that it is not what leaves
        DiskCache(folder, compiled.ENGINES).make_room()
        return engine
    except OSError as trouble:  # the disk, not the network: worth another try next time
        keras.description = _instead(_short(trouble))
    except Exception as trouble:  # OpenVINO and TensorFlow raise anything
        keras.description = _instead(_short(trouble))
        if not ran_out(trouble):
            compiled.refuse(entry, _short(trouble))
    _log.warning("%s", keras.description)
    return keras


def kept_engine(part: FeatureSpec, folder: Path) -> OpenVINOEngine | None:
    """The engine kept for a part, checked; None where there is none that works, or no OpenVINO."""
    try:
        return Engine.cached(folder, part.key)
    except importlib.metadata.PackageNotFoundError:
        return None


def difference(answers: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, relative to the largest value of the reference; not a number where either has one."""
    if answers.shape != reference.shape:
        return float("inf")
    largest = float(np.max(np.abs(reference), initial=0.0))
    apart = float(np.max(np.abs(answers - reference), initial=0.0))
    return apart / largest if largest else apart


def _instead(reason: str) -> str:
    return f"TensorFlow on the CPU, slower than OpenVINO, which was not used because {reason}"


def _short(trouble: Exception) -> str:
    lines = [line.strip() for line in str(trouble).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(trouble).__name__
