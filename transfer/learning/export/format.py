"""What an export format is: how a model is written in it, what else is in its zip, and how close its answers must be.

A new format is a record in `transfer.formats` and a module here with a `FORMAT`, mostly with a program for its zip
among the templates. What all formats share (labels, card, proof, zip) is not here: `exporter` adds it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from transfer.dataset import photo
from transfer.formats import find
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.fresh import Program
from transfer.runs.run import Run

TEMPLATES = Path(__file__).with_name("templates")


class ExportFormat(ABC):
    """One format.

    Attributes:
        tolerance: greatest allowed difference of a probability from the app's.
        network: the template that becomes the zip's `network.py`, whose `probabilities(photos)` runs the model.
    """

    tolerance: ClassVar[float] = 1e-3
    network: ClassVar[str]

    @abstractmethod
    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        """Write the model, and nothing else, to `path`; whatever a converter raises may be raised.

        Args:
            predictor: the trained model.
            run: it belongs to, for formats that need its settings, or its photos to calibrate with.
            path: the file or folder that the format's record names.
        """

    def files(self) -> dict[str, Path]:
        """The files that the zip gets as they are, by their name in it: predict.py and what it imports."""
        return {
            "predict.py": TEMPLATES / "predict.py",
            "network.py": TEMPLATES / self.network,
            "photo.py": Path(str(photo.__file__)),
        }

    def start(self, folder: Path, paths: list[str]) -> Program:
        """Begin to ask the export in a folder about photos, in a process of its own: here predict.py."""
        return Program(folder, ["predict.py", "--json", *paths])

    def answers(self, program: Program) -> list[dict[str, Any]]:
        """What it said about them in the end: here JSON lines.

        Raises:
            subprocess.SubprocessError: when it ended badly.
            ValueError: when it said something else.
        """
        return [json.loads(line) for line in program.output().splitlines()]


def named(format: str) -> ExportFormat:
    """The format of this name.

    Raises:
        ExportError: when there is none.
    """
    found: ExportFormat = import_module(f"{__package__}.{find(format).module}").FORMAT
    return found
