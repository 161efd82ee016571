"""The LiteRT formats (TensorFlow Lite): one `.tflite` file for the small interpreter, with 32, 16 or 8 bits a number.

What they lose is known from https://ai.google.dev/edge/litert/models/post_training_quantization: 16-bit weights nothing
that can be seen, 8-bit weights little, 8 bits throughout some, and that depends on the photos it was calibrated with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from transfer.dataset.photo import read_photo
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run

CALIBRATED = 200  # photos that tell how large the numbers between the layers become, at most


class LiteRT(ExportFormat):
    """Args:
    settings: of the converter, for a run and its photo size.
    """

    network = "litert.py"

    def __init__(self, settings: Callable[[Run, int], dict[str, Any]]) -> None:
        self._settings = settings

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        size = predictor.image_size
        predictor.model.export(
            path,
            format="litert",
            verbose=False,
            input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32, name="photo")],
            **self._settings(run, size),
        )


def balanced(run: Run, most: int = CALIBRATED) -> list[Path]:
    """Training photos, as many of each class as there are of the smallest, or fewer: rare classes count as well."""
    dataset = run.dataset
    by_class: dict[int, list[Path]] = {}
    for photo in dataset.of("train"):
        by_class.setdefault(photo.label, []).append(dataset.path(photo))
    each = max(1, most // max(len(by_class), 1))
    return [path for paths in by_class.values() for path in paths[:: max(1, len(paths) // each)][:each]]


def _photos(run: Run, size: int) -> Iterator[list[np.ndarray]]:
    """The balanced photos that can be read, (1, size, size, 3) float32 each."""
    for path in balanced(run):
        try:
            photo = read_photo(path, size).astype(np.float32)
        except (OSError, ValueError):
            continue
        # The whole range in each: then the numbers that go in are the pixels themselves.
        photo[0, 0], photo[0, 1] = 0, 255
        yield [photo[None]]


def _float32(run: Run, size: int) -> dict[str, Any]:
    # Its own operations only: the small interpreter has none of TensorFlow's.
    return {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}


def _float16(run: Run, size: int) -> dict[str, Any]:
    target = {**_float32(run, size)["target_spec"], "supported_types": [tf.float16]}
    return {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": target}


def _dynamic(run: Run, size: int) -> dict[str, Any]:
    return {**_float32(run, size), "optimizations": [tf.lite.Optimize.DEFAULT]}


def _int8(run: Run, size: int) -> dict[str, Any]:
    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": lambda: _photos(run, size),
        "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        "inference_input_type": tf.uint8,
        "inference_output_type": tf.uint8,
    }


FLOAT32, FLOAT16, DYNAMIC, INT8 = (LiteRT(settings) for settings in (_float32, _float16, _dynamic, _int8))
