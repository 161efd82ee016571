"""The training as a script and a notebook: the same run in plain Keras, to read, to run and to change.

Both come from one template, templates/train.py, in the percent format that editors know as cells. A cell that only some
runs have names its condition (`# %% if FINE_TUNES`); the cell `# %% settings` gets the values of the run.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

from transfer.config import RunConfig
from transfer.dataset import augment
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import TEMPLATES, ExportFormat
from transfer.learning.model.classifier import build
from transfer.learning.training.phases import class_weights
from transfer.messages.events import Evaluated, Refined
from transfer.networks.backbones import backbone
from transfer.networks.custom import is_custom
from transfer.networks.weights import PRETRAINED
from transfer.runs.run import Run

TEMPLATE = TEMPLATES / "train.py"
_HEAD = re.compile(r"^# %%( \[markdown\])?(?: (settings)| if (\w+))?$")
_SETTING = re.compile(r"^([A-Z_]+) = [^#\n]*?(?=  #|$)", re.MULTILINE)


class Script(ExportFormat):
    network = "keras_file.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        predictor.model.save(path)
        folder, config = path.parent, run.config
        if _from_files(config):
            classifier = build(config, len(run.dataset.classes))
            classifier.preprocess.save(folder / "preprocess.keras")
            classifier.backbone.save(folder / "backbone.keras")
        with (folder / "photos.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("path", "class", "split"))
            table.writerows((each.path, run.dataset.classes[each.label], each.split) for each in run.dataset.photos)
        script, notebook = written(_settings(run, predictor.image_size), conditions(run))
        (folder / "train.py").write_text(script, encoding="utf-8")
        (folder / "train.ipynb").write_text(json.dumps(notebook, indent=1), encoding="utf-8")

    def files(self) -> dict[str, Path]:
        return {**super().files(), "augment.py": Path(str(augment.__file__))}


def written(settings: dict[str, Any], true: set[str]) -> tuple[str, dict[str, Any]]:
    """The script and the notebook of a run.

    Args:
        settings: the values of the cell of settings.
        true: the conditions that hold.
    """
    script: list[str] = []
    cells: list[dict[str, Any]] = []
    for head, body in _cells(TEMPLATE.read_text(encoding="utf-8")):
        is_text, is_settings, condition = head.groups()
        if not body or (condition and condition not in true | {"SCRIPT"}):
            continue
        if is_settings:
            body = _SETTING.sub(lambda match: f"{match[1]} = {settings[match[1]]!r}", body)
        script.append(f"# %%{is_text or ''}\n{body}\n")
        if condition == "SCRIPT":
            continue
        if is_text:
            body = re.sub(r"^# ?", "", body, flags=re.MULTILINE)
        code: dict[str, Any] = {} if is_text else {"execution_count": None, "outputs": []}
        cell = {"cell_type": "markdown" if is_text else "code", "id": f"cell-{len(cells)}", "metadata": {}, **code}
        cells.append({**cell, "source": body.strip("\n").splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return "\n".join(script), {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def conditions(run: Run) -> set[str]:
    """Which cells a run has, beside those that all have."""
    config = run.config
    again = config.augmentation != "off" and not config.augmentation_views
    refined = any(event.taken for event in run.log.all(Refined))
    found = {
        "AUGMENTED": config.augmentation != "off",
        "APPLICATION": not _from_files(config),
        "FROM_FILES": _from_files(config),
        "REMEMBERS": config.head_epochs and not again,
        "LOOKS_AGAIN": config.head_epochs and again,
        "FINE_TUNES": config.fine_tunes,
        "REFINED": refined,
    }
    if not _from_files(config):
        found[backbone(config.backbone).preprocessing.upper()] = True
    return {name for name, holds in found.items() if holds}


def _settings(run: Run, image_size: int) -> dict[str, Any]:
    config = run.config
    weights = class_weights(config, run.dataset).tolist()
    # The first measurement is of what the phases gave, before a refinement.
    measured = next(iter(run.log.all(Evaluated)), None)
    chosen = {name.upper(): value for name, value in config.to_dict().items()}
    return chosen | {
        "PHOTOS": "photos",
        "BACKBONE": config.backbone if not is_custom(config.backbone) else Path(config.backbone).name,
        "SIZE": image_size,
        "VIEWS": config.augmentation_views if config.augmentation != "off" else 1,
        "PATIENCE": config.early_stopping_patience,
        "CLASS_WEIGHTS": None if set(weights) == {1.0} else dict(enumerate(weights)),
        "MEASURED": measured.split if measured else "validation",
        "SCORE": round(measured.accuracy, 4) if measured else float("nan"),
    }


def _from_files(config: RunConfig) -> bool:
    """Whether the network is not one that Keras itself would fetch as it is."""
    if is_custom(config.backbone) or config.weights not in PRETRAINED:
        return True
    return backbone(config.backbone).preprocessing == "lite"


def _cells(text: str) -> list[tuple[re.Match[str], str]]:
    cells: list[tuple[re.Match[str], list[str]]] = []
    for line in text.splitlines():
        if head := _HEAD.match(line):
            cells.append((head, []))
        else:
            cells[-1][1].append(line)
    return [(head, "\n".join(body).strip("\n")) for head, body in cells]


FORMAT = Script()
