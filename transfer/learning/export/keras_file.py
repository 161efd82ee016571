"""The Keras format: one `.keras` file, the model as Keras keeps it. A run's first export, and a backbone again."""

from __future__ import annotations

from pathlib import Path

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run


class KerasFile(ExportFormat):
    network = "keras_file.py"
    features = True

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        predictor.model.save(path)


FORMAT = KerasFile()
