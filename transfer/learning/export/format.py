"""What an export format is: how a model is written in it, what else is in its zip, and how close its answers must be.

A new format is a record in `transfer.formats` and a module here with a `FORMAT`, mostly with a program for its zip
among the templates. What all formats share (labels, card, proof, zip) is not here: `exporter` adds it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from transfer.dataset import photo
from transfer.formats import find
from transfer.learning.analysis.prediction import Predictor
from transfer.runs.run import Run

TEMPLATES = Path(__file__).with_name("templates")
TIMEOUT = 900.0  # seconds for an exported model to look at the photos it is proven with


class ExportFormat(ABC):
    """One format.

    Attributes:
        tolerance: greatest allowed difference of a probability from the app's.
        network: the template that becomes the zip's `network.py`, whose `probabilities(photo)` runs the model.
    """

    tolerance: ClassVar[float] = 1e-3
    network: ClassVar[str]

    @abstractmethod
    def write(self, predictor: Predictor, run: Run, path: Path) -> None:
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

    def answers(self, folder: Path, paths: list[str]) -> list[dict[str, Any]]:
        """What the export in a folder says about photos, in a process of its own: here predict.py, with its JSON lines.

        Raises:
            subprocess.SubprocessError: when it ends badly.
            ValueError: when it says something else.
        """
        # -1 hides GPUs: the app's answers come from the processor, and a GPU may be busy training.
        quiet = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "predict.py", "--json", *paths],
            cwd=folder,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


def named(format: str) -> ExportFormat:
    """The format of this name.

    Raises:
        ExportError: when there is none.
    """
    found: ExportFormat = import_module(f"{__package__}.{find(format).module}").FORMAT
    return found
