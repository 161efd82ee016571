"""Prediction: photos in, probabilities of the classes out, from a trained model's file.

Evaluation, the page and the command line all predict with a `Predictor`, so what one says the others say. It reads
photos with the same decoder as training, and computes with 32 bits: by Keras here, by the engine in `served`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from transfer.dataset.photo import read_photo
from transfer.errors import PhotoError, RunError, TransferError
from transfer.learning.analysis.trust import UNREADABLE, Trust
from transfer.learning.model.graph import sources
from transfer.messages.questions import PhotoAnswer
from transfer.runs.run import Run

FEW = 2  # batches that a model answers before it is translated: that takes as long as a hundred photos
BATCH = 8  # photos at a time: on a processor about as fast as 32, with a third of the memory


@dataclass(frozen=True)
class Limits:
    """What a model knows of its limits, and (path, label) of the photos that `trust` compares new ones with."""

    trust: Trust
    photos: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, run: Run, trust: Trust | None = None) -> Limits | None:
        """Those of a run; None where an earlier version trained it, or the file is damaged.

        Args:
            trust: when it is at hand.
        """
        if trust is None:
            try:
                trust = Trust.read(run.trust_file)
            except UNREADABLE:
                return None
        labels = {photo.path: run.dataset.classes[photo.label] for photo in run.dataset.photos}
        root = Path(run.dataset.root)
        return cls(trust, tuple((str(root / path), labels.get(path, "")) for path in trust.photos))


class Predictor(ABC):
    """A trained model ready to predict.

    Args:
        labels: names of its outputs, in order.
        image_size: edge of the square that photos are resized to, pixels.
        limits: of it; None where they are not known.
    """

    def __init__(self, labels: tuple[str, ...], image_size: int, limits: Limits | None = None) -> None:
        self.labels, self.image_size, self.limits = labels, image_size, limits

    @abstractmethod
    def look(self, photos: np.ndarray) -> np.ndarray:
        """(n, size, size, 3) uint8 -> (n, classes + m) float32: probabilities, and, where the limits need them,
        features."""

    def __call__(self, photos: np.ndarray) -> np.ndarray:
        """(n, size, size, 3) uint8 -> (n, classes) float32 probabilities."""
        return self.look(photos)[:, : len(self.labels)]

    def predict(self, paths: Sequence[str], top: int | None = None, batch_size: int = BATCH) -> list[PhotoAnswer]:
        """The most probable classes of each photo, in the order asked; one that cannot be read says why."""
        predictions: list[PhotoAnswer] = []
        for begin in range(0, len(paths), batch_size):
            batch = [read(path, self.image_size) for path in paths[begin : begin + batch_size]]
            photos = [photo for photo in batch if isinstance(photo, np.ndarray)]
            seen = self.look(np.stack(photos)) if photos else np.empty((0, len(self.labels)), np.float32)
            rows, told = iter(seen[:, : len(self.labels)]), iter(self._told(seen))
            for path, photo in zip(paths[begin : begin + batch_size], batch, strict=True):
                if isinstance(photo, PhotoError):
                    predictions.append(PhotoAnswer(path, error=photo.to_dict()))
                    continue
                row = next(rows)
                best = np.argsort(-row, kind="stable")[:top]
                classes = tuple((self.labels[i], float(row[i])) for i in best)
                predictions.append(PhotoAnswer(path, classes, **next(told)))
        return predictions

    def _told(self, seen: np.ndarray) -> list[dict[str, Any]]:
        """What is said of each answer beside its classes: fields of `PhotoAnswer`."""
        if self.limits is None or not len(seen):  # of a batch no photo of which could be read
            return [{}] * len(seen)
        classes = len(self.labels)
        return [
            {
                "possible": tuple(self.labels[label] for label in each.possible),
                "unfamiliar": each.unfamiliar,
                "nearest": tuple(self.limits.photos[number] for number in each.nearest),
            }
            for each in self.limits.trust.tell(seen[:, :classes], seen[:, classes:])
        ]


class KerasPredictor(Predictor):
    """A trained model, run by Keras.

    Args:
        model: 0-255 RGB photos (batch, size, size, 3) -> (batch, classes) probabilities.
        labels: names of its outputs, in order.
        limits: of it; None where they are not known.

    Attributes:
        model: as it was given.
        looking: photos -> what `look` gives.
    """

    def __init__(self, model: Any, labels: tuple[str, ...], limits: Limits | None = None) -> None:
        import tensorflow as tf

        super().__init__(labels, int(model.input_shape[1]), limits)
        self.model = model
        self.looking = looking = with_features(model) if limits and limits.trust.width else model
        self._untranslated = FEW
        signature = [tf.TensorSpec((None, self.image_size, self.image_size, 3), tf.uint8)]

        @tf.function(input_signature=signature, jit_compile=False)
        def network(photos: Any) -> Any:
            return tf.cast(looking(tf.cast(photos, tf.float32), training=False), tf.float32)

        self._network = network

    def look(self, photos: np.ndarray) -> np.ndarray:
        """As `Predictor.look`."""
        if self._untranslated:
            self._untranslated -= 1
            return np.asarray(self.looking(photos.astype(np.float32), training=False), np.float32)
        return np.asarray(self._network(photos))


def with_features(model: Any) -> Any:
    """The model with the features its head takes, of length 1, behind the probabilities: (batch, classes + m)."""
    import keras

    answer = model.outputs[0]
    (features,) = sources(answer)
    features = keras.layers.UnitNormalization(dtype="float32", name="direction")(features)
    both = keras.layers.Concatenate(dtype="float32", name="answer_and_features")([answer, features])
    return keras.Model(model.inputs[0], both, name="classifier_with_features")


def read(path: str, size: int) -> np.ndarray | PhotoError:
    """(size, size, 3) uint8, or why the photo cannot be read."""
    try:
        return read_photo(path, size)
    except (OSError, ValueError) as trouble:
        return PhotoError(
            f"“{Path(path).name}” cannot be read.",
            expected="a photo (JPEG, PNG, WebP, BMP, GIF, TIFF or HEIC)",
            found=str(trouble) or type(trouble).__name__,
            fix="Open it in an image program and save it again, or choose another photo.",
        )


def load(run: Run) -> KerasPredictor:
    """The trained model of a run.

    Raises:
        RunError: when it has none (yet), or its file is damaged.
    """
    import keras

    require_model(run)
    try:
        return KerasPredictor(
            keras.saving.load_model(run.model_file, compile=False), run.dataset.classes, Limits.of(run)
        )
    except TransferError:
        raise
    except Exception as trouble:  # a damaged file makes Keras raise nearly anything
        raise RunError(
            f"The model of “{run.name}” cannot be loaded.",
            expected=f"the file {run.model_file} as the run wrote it",
            found=f"{type(trouble).__name__}: {str(trouble).splitlines()[0][:200] if str(trouble) else ''}",
            fix="Train again with the same settings.",
        ) from trouble


def require_model(run: Run) -> None:
    """See that a run has a trained model.

    Raises:
        RunError: when it has none (yet).
    """
    if not run.model_file.is_file():
        raise RunError(
            f"“{run.name}” has no trained model.",
            expected="a run that is finished, or was stopped after its training had begun",
            found=run.status().message,
            fix="Wait until it has finished, or resume it.",
        )
