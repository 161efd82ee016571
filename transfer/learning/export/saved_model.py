"""The TensorFlow SavedModel format: a folder with the graph and its variables, and one signature, `serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from keras.export import ExportArchive

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run


class SavedModel(ExportFormat):
    network = "saved_model.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        model, size = predictor.model, predictor.image_size

        def serve(photo: Any) -> Any:
            return model(photo, training=False)

        # Not `model.export`, which writes every variable twice: as Keras keeps it, and as TensorFlow does.
        archive = ExportArchive()
        archive.add_endpoint("serve", serve, [tf.TensorSpec((None, size, size, 3), tf.float32, name="photo")])
        archive.write_out(path, verbose=False)


FORMAT = SavedModel()
