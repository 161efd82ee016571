"""The LiteRT formats (TensorFlow Lite): one `.tflite` file for the small interpreter, with 32, 16 or 8 bits a number.

What they lose is known from https://ai.google.dev/edge/litert/models/post_training_quantization: 16-bit weights nothing
that can be seen, 8-bit weights little, 8 bits throughout some, and that depends on the photos it was calibrated with.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from transfer.dataset.photo import read_photo
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.corrected import corrected
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # TensorFlow brings the same interpreter
    Interpreter = tf.lite.Interpreter

CALIBRATED = 200  # photos that tell how large the numbers between the layers become, at most
CORRECTED = 400  # photos that the last layer is corrected with, where numbers have 8 bits, at most
NONE = np.zeros((0, 1, 1, 3), np.uint8)  # photos


class LiteRT(ExportFormat):
    """Args:
    settings: of the converter, for some photos (n, size, size, 3) uint8.
    """

    network = "litert.py"

    def __init__(self, settings: Callable[[np.ndarray], dict[str, Any]]) -> None:
        self._settings = settings

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        _convert(predictor.model, path, self._settings(NONE))


class Rounded(LiteRT):
    """One with 8 bits a number, whose last layer knows of it."""

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        photos = _photos(run, predictor.image_size)
        few = photos[:CALIBRATED]

        def rounded(model: keras.Model, photos: np.ndarray) -> np.ndarray:
            settings = {**self._settings(few), "inference_output_type": tf.float32}
            with tempfile.TemporaryDirectory(prefix="rounded-") as place:
                _convert(model, Path(place) / "lower.tflite", settings)
                return _asked(Path(place) / "lower.tflite", photos)

        _convert(corrected(predictor.model, photos, rounded), path, self._settings(few))


def _convert(model: keras.Model, path: Path, settings: dict[str, Any]) -> None:
    signature = [tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="photo")]
    model.export(path, format="litert", verbose=False, input_signature=signature, **settings)


def _asked(file: Path, photos: np.ndarray) -> np.ndarray:
    """What a file with floats as output says, (photos, n) float32."""
    run = Interpreter(str(file), num_threads=os.cpu_count()).get_signature_runner()
    ((taken, details),) = run.get_input_details().items()
    (given,) = run.get_output_details()
    return np.concatenate([run(**{taken: photo[None].astype(details["dtype"])})[given] for photo in photos])


def balanced(run: Run, most: int = CORRECTED) -> list[Path]:
    """Training photos, as many of each class as there are of the smallest, or fewer: rare classes count as well."""
    dataset = run.dataset
    by_class: dict[int, list[Path]] = {}
    for photo in dataset.of("train"):
        by_class.setdefault(photo.label, []).append(dataset.path(photo))
    each = max(1, most // max(len(by_class), 1))
    return [path for paths in by_class.values() for path in paths[:: max(1, len(paths) // each)][:each]]


def _photos(run: Run, size: int) -> np.ndarray:
    """The balanced photos that can be read, (n, size, size, 3) uint8, shuffled: the first ones are of all classes."""
    found = []
    for path in balanced(run):
        with contextlib.suppress(OSError, ValueError):
            found.append(read_photo(path, size))
    return np.stack(found)[np.random.default_rng(0).permutation(len(found))] if found else NONE


def _whole_range(photo: np.ndarray) -> np.ndarray:
    """As float32, with the darkest and brightest pixel there is: then the numbers that go in are pixels themselves."""
    photo = photo.astype(np.float32)
    photo[0, 0], photo[0, 1] = 0, 255
    return photo


def _float32(photos: np.ndarray) -> dict[str, Any]:
    # Its own operations only: the small interpreter has none of TensorFlow's.
    return {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}


def _float16(photos: np.ndarray) -> dict[str, Any]:
    target = {**_float32(photos)["target_spec"], "supported_types": [tf.float16]}
    return {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": target}


def _dynamic(photos: np.ndarray) -> dict[str, Any]:
    return {**_float32(photos), "optimizations": [tf.lite.Optimize.DEFAULT]}


def _int8(photos: np.ndarray) -> dict[str, Any]:
    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": lambda: ([_whole_range(photo)[None]] for photo in photos),
        "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        "inference_input_type": tf.uint8,
        "inference_output_type": tf.uint8,
    }


FLOAT32, FLOAT16 = LiteRT(_float32), LiteRT(_float16)
DYNAMIC, INT8 = Rounded(_dynamic), Rounded(_int8)
