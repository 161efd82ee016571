"""The server: a folder that answers over HTTP, with the LiteRT file inside, by itself or in a container."""

from __future__ import annotations

from pathlib import Path

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import TEMPLATES, ExportFormat, write_as
from transfer.runs.run import Run


class Server(ExportFormat):
    network = "litert.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        write_as("litert", predictor, run, path)

    def files(self) -> dict[str, Path]:
        return {**super().files(), "server.py": TEMPLATES / "server.py", "Dockerfile": TEMPLATES / "Dockerfile"}


FORMAT = Server()
