"""The training as a script and a notebook: it runs, and comes out where the run did."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.long_form import long_form
from transfer.learning.analysis.prediction import load
from transfer.learning.export.exporter import export
from transfer.learning.export.script import TEMPLATE, conditions, written
from transfer.runs.run import Run


def test_the_script_comes_out_where_the_run_did(trained: Run) -> None:
    """Also the notebook: its code is the script's, but for the place it runs in."""
    export(trained, "script", load(trained), thorough=False)
    folder = trained.exports_dir / "script"
    ended = subprocess.run(
        [sys.executable, "train.py", trained.dataset.root],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    ours, score = (float(share) / 100 for share in re.findall(r"([\d.]+)%", ended.stdout.splitlines()[-1]))
    metrics = trained.metrics()
    assert metrics is not None
    assert score == pytest.approx(metrics.accuracy, abs=1e-3)
    assert ours == pytest.approx(score, abs=0.2)  # of 13 photos, with other chances
    assert ended.stdout.count("Epoch 1/4") == ended.stdout.count("Epoch 1/3") == 1  # the rounds of both phases
    assert (folder / "trained_here.keras").is_file()

    script = (folder / "train.py").read_text(encoding="utf-8")
    cells = json.loads((folder / "train.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(each in script for each in code)
    assert not any("sys.argv" in each for each in code)
    assert "keras.applications" not in script and "backbone.keras" in script
    assert str(trained.dataset.root) not in script
    (folder / "trained_here.keras").unlink()


KINDS = [
    ({"backbone": "MobileNetV2", "weights": "imagenet"}, {"APPLICATION", "TF", "REMEMBERS", "FINE_TUNES"}),
    ({"backbone": "ResNet50", "weights": "imagenet"}, {"APPLICATION", "CAFFE", "REMEMBERS", "FINE_TUNES"}),
    ({"backbone": "EfficientNetLite0", "frozen_layers": None}, {"FROM_FILES", "REMEMBERS"}),
    ({"backbone": "DenseNet121", "augmentation": "light", "augmentation_views": 0, "weights": "imagenet"},
     {"APPLICATION", "TORCH", "AUGMENTED", "LOOKS_AGAIN", "FINE_TUNES"}),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "true"), KINDS)
def test_each_run_gets_what_it_needs(make_run: Callable[..., Run], settings: dict[str, object], true: set[str]) -> None:
    run = make_run(image_size=64, **settings)
    assert conditions(run) == true
    script, notebook = written({name: 1 for name in re.findall(r"^([A-Z_]+) = ", TEMPLATE.read_text(), re.M)}, true)
    names = {node.id for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Name)}
    assert {"base", "preprocess", "model", "score"} <= names
    assert (" if " in script) and "# %% if" not in script
    assert script.count("preprocess = ") == 1
    assert notebook["nbformat"] == 4


@long_form
def test_the_notebook_runs_from_its_first_cell_to_its_last(trained: Run) -> None:
    export(trained, "script", load(trained), thorough=False)
    folder = trained.exports_dir / "script"
    cells = json.loads((folder / "train.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    code = code.replace('PHOTOS = "photos"'.replace('"', "'"), f"PHOTOS = {trained.dataset.root!r}")
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=300)
