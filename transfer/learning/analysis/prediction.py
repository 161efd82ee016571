"""Prediction: photos in, probabilities of the classes out, from a trained model's file.

Evaluation, the page and the command line all predict with a `Predictor`, so what one says the others say. It reads
photos with the same decoder as training, and computes with 32 bits: by Keras here, by the engine in `served`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from transfer.dataset.photo import read_photo
from transfer.errors import PhotoError, RunError, TransferError
from transfer.messages.questions import PhotoAnswer
from transfer.runs.run import Run

FEW = 2  # batches that a model answers before it is translated: that takes as long as a hundred photos
BATCH = 8  # photos at a time: on a processor about as fast as 32, with a third of the memory


class Predictor(ABC):
    """A trained model ready to predict.

    Args:
        labels: names of its outputs, in order.
        image_size: edge of the square that photos are resized to, pixels.
    """

    def __init__(self, labels: tuple[str, ...], image_size: int) -> None:
        self.labels, self.image_size = labels, image_size

    @abstractmethod
    def __call__(self, photos: np.ndarray) -> np.ndarray:
        """(n, size, size, 3) uint8 -> (n, classes) float32 probabilities."""

    def predict(self, paths: Sequence[str], top: int | None = None, batch_size: int = BATCH) -> list[PhotoAnswer]:
        """The most probable classes of each photo, in the order asked; one that cannot be read says why."""
        predictions: list[PhotoAnswer] = []
        for begin in range(0, len(paths), batch_size):
            batch = [self._read(path) for path in paths[begin : begin + batch_size]]
            photos = [photo for photo in batch if isinstance(photo, np.ndarray)]
            rows = iter(self(np.stack(photos)) if photos else ())
            for path, photo in zip(paths[begin : begin + batch_size], batch, strict=True):
                if isinstance(photo, PhotoError):
                    predictions.append(PhotoAnswer(path, error=photo.to_dict()))
                    continue
                row = next(rows)
                best = np.argsort(-row, kind="stable")[:top]
                predictions.append(PhotoAnswer(path, tuple((self.labels[i], float(row[i])) for i in best)))
        return predictions

    def _read(self, path: str) -> np.ndarray | PhotoError:
        try:
            return read_photo(path, self.image_size)
        except (OSError, ValueError) as trouble:
            return PhotoError(
                f"“{Path(path).name}” cannot be read.",
                expected="a photo (JPEG, PNG, WebP, BMP, GIF, TIFF or HEIC)",
                found=str(trouble) or type(trouble).__name__,
                fix="Open it in an image program and save it again, or choose another photo.",
            )


class KerasPredictor(Predictor):
    """A trained model, run by Keras.

    Args:
        model: 0-255 RGB photos (batch, size, size, 3) -> (batch, classes) probabilities.
        labels: names of its outputs, in order.
    """

    def __init__(self, model: Any, labels: tuple[str, ...]) -> None:
        import tensorflow as tf

        super().__init__(labels, int(model.input_shape[1]))
        self.model = model
        self._untranslated = FEW
        signature = [tf.TensorSpec((None, self.image_size, self.image_size, 3), tf.uint8)]

        @tf.function(input_signature=signature, jit_compile=False)
        def network(photos: Any) -> Any:
            return tf.cast(model(tf.cast(photos, tf.float32), training=False), tf.float32)

        self._network = network

    def __call__(self, photos: np.ndarray) -> np.ndarray:
        if self._untranslated:
            self._untranslated -= 1
            return np.asarray(self.model(photos.astype(np.float32), training=False), np.float32)
        return np.asarray(self._network(photos))


def load(run: Run) -> KerasPredictor:
    """The trained model of a run.

    Raises:
        RunError: when it has none (yet), or its file is damaged.
    """
    import keras

    require_model(run)
    try:
        return KerasPredictor(keras.saving.load_model(run.model_file, compile=False), run.dataset.classes)
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
