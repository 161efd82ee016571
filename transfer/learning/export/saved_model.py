"""The TensorFlow SavedModel format: a folder with the graph and its variables, and one signature, `serve`."""

from __future__ import annotations

from pathlib import Path

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run


class SavedModel(ExportFormat):
    network = "saved_model.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        predictor.model.export(path, format="tf_saved_model", verbose=False)


FORMAT = SavedModel()
