"""The OpenVINO format: `model.xml` and `model.bin` in a folder, for the engine that is fastest on Intel processors."""

from __future__ import annotations

from pathlib import Path

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.learning.features.compiled import openvino, translate
from transfer.runs.run import Run


class OpenVino(ExportFormat):
    network = "openvino.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        translated = translate(predictor.model)
        path.mkdir()
        openvino().save_model(translated, path / "model.xml", compress_to_fp16=False)


FORMAT = OpenVino()
