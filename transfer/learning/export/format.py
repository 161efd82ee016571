"""What an export format is: how a model is written in it, and what else is in its zip.

A new format is a record in `transfer.formats` and a writer in a module here, mostly with a program for its zip among
the templates. What all formats share (labels, card, proof, zip) is not here: `exporter` adds it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from pkgutil import resolve_name
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
        network: the template that becomes the zip's `network.py`, whose `probabilities(photos)` runs the model.
        features: whether that has a `look(photos)`, too, which gives features as well.
    """

    network: ClassVar[str]
    features: ClassVar[bool] = False

    @abstractmethod
    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        """Write the model to `path`; whatever a converter raises may be raised.

        A format that only wraps another's model (a server, a page) calls `write_as` or `bytes_as`, and may put files of
        its own beside `path`.

        Args:
            predictor: the trained model.
            run: it belongs to, for formats that need its settings, or its photos to calibrate with.
            path: the file or folder that the format's record names, in the folder that becomes the zip.
        """

    def files(self) -> dict[str, Path]:
        """The files that the zip gets as they are, by their name in it: predict.py and what it imports."""
        return {
            "predict.py": TEMPLATES / "predict.py",
            "network.py": TEMPLATES / self.network,
            "photo.py": Path(str(photo.__file__)),
        }

    def start(self, folder: Path, paths: list[str], alone: bool = False) -> Program:
        """Begin to ask the export in a folder about photos, in a process of its own: here predict.py.

        Args:
            folder: of the export: model, labels.txt, model.json and `files()` are there.
            paths: of the photos.
            alone: look at the first ones one at a time, so that their times are those of single photos.
        """
        return Program(folder, ["predict.py", "--json", *["--alone"] * alone], paths)

    def answers(self, program: Program) -> list[dict[str, Any]]:
        """What it said about them in the end: here JSON lines.

        Returns:
            For each photo that could be read: its "path", "classes" (label to probability), "milliseconds" with
            reading it, "network_milliseconds" without.

        Raises:
            subprocess.SubprocessError: when it ended badly.
            ValueError: when it said something else.
        """
        return [json.loads(line) for line in program.output().splitlines()]


def write_as(format: str, predictor: KerasPredictor, run: Run, path: Path) -> None:
    """Write the model of another format to `path`: as it was exported before, or else anew."""
    made, record = run.exported(format), find(format)
    if made is None:
        record.require()
        named(format).write(predictor, run, path)
    elif (model := run.exports_dir / format / record.model).is_dir():
        shutil.copytree(model, path)
    else:
        shutil.copyfile(model, path)


def bytes_as(format: str, predictor: KerasPredictor, run: Run) -> bytes:
    """As `write_as`, for a format of one file: its content."""
    with tempfile.TemporaryDirectory(prefix="wrapped-") as place:
        file = Path(place) / find(format).model
        write_as(format, predictor, run, file)
        return file.read_bytes()


def named(format: str) -> ExportFormat:
    """The format of this name.

    Raises:
        ExportError: when there is none.
    """
    found: ExportFormat = resolve_name(f"{__package__}.{find(format).writer}")
    return found
