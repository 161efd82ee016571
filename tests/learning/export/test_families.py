"""Every family of networks in every format: small photos and random weights, for what counts is what converters can do.

The long form (`LONG=1`) takes the smallest network of each family through every format; without it, two pairs that
are known to be hard run: the Normalization of EfficientNetV2 in ONNX, and hard swish in OpenVINO.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.long_form import long_form
from transfer.config import RunConfig
from transfer.errors import ExportError
from transfer.formats import FORMATS
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.arduino import LIMIT
from transfer.learning.export.exporter import export
from transfer.learning.model.classifier import build
from transfer.networks.backbones import BACKBONES
from transfer.runs.run import Run

FAMILIES = {each.family: each.name for each in sorted(BACKBONES.values(), key=lambda each: -each.parameters)}
HARD = [("EfficientNetV2B0", "onnx"), ("MobileNetV3Small", "openvino")]
REST = [(name, format) for name in FAMILIES.values() for format in FORMATS if (name, format) not in HARD]


@cache
def predictor(name: str) -> KerasPredictor:
    size = max(64, BACKBONES[name].minimum_size)
    network = build(RunConfig(photos="unused", backbone=name, weights="random", image_size=size), 3)
    return KerasPredictor(network.model, ("a", "b", "c"))


@pytest.fixture
def copy(trained: Run, tmp_path: Path) -> Iterator[Run]:
    """A run of its own: what is written here is not of the one that all tests share."""
    yield Run(Path(shutil.copytree(trained.path, tmp_path / trained.id)))
    shutil.rmtree(tmp_path)  # some are large


@pytest.mark.parametrize(("name", "format"), [*HARD, *(pytest.param(*each, marks=long_form) for each in REST)])
def test_a_family_in_a_format(copy: Run, name: str, format: str) -> None:
    if (extra := FORMATS[format].extra) and extra.missing:
        pytest.skip(f"not installed: {extra.command}")
    network = predictor(name)
    network.labels = copy.dataset.classes
    if format == "arduino" and network.model.count_params() > LIMIT:
        with pytest.raises(ExportError, match="too large for a microcontroller"):
            export(copy, format, network)
        return
    parity = export(copy, format, network).parity
    print(f"\n{name:<20} {format:<16} {' · '.join(parity.in_words())}")
    assert parity.photos == len(copy.dataset.of("test"))
    allowed = FORMATS[format].exactness
    assert allowed.kept or (parity.agreement == 1.0 and not parity.mark)
    assert parity.max_difference <= (allowed.difference or 0.5)


@long_form
@pytest.mark.parametrize("format", FORMATS)
def test_a_format_runs_where_only_its_requirements_are_installed(trained: Run, format: str, tmp_path: Path) -> None:
    made = trained.exported(format) or export(trained, format)
    with zipfile.ZipFile(made.zip) as zipped:
        zipped.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", folder / "requirements.txt"], check=True)
    photo = trained.dataset.path(trained.dataset.of("test")[0])
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [python, folder / "predict.py", photo]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert any(label in said for label in trained.dataset.classes)
