"""The LiteRT format (TensorFlow Lite): one `.tflite` file of float32 weights, for the small interpreter."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run


class LiteRT(ExportFormat):
    network = "litert.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        # Its own operations only: the small interpreter has none of TensorFlow's.
        operations = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
        predictor.model.export(path, format="litert", verbose=False, target_spec=operations)


FLOAT32 = LiteRT()
