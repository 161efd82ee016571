"""Exports: each zip works by itself and says what the app says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import pytest

from transfer.dataset import photo
from transfer.errors import ExportError, RunError
from transfer.formats import FLOAT16, FLOAT32, FORMATS, INT8, Exactness, Extra
from transfer.learning.analysis.prediction import KerasPredictor, load
from transfer.learning.export import exporter as exports
from transfer.learning.export import proof
from transfer.learning.export.format import ExportFormat, named, write_as
from transfer.messages.events import Exported
from transfer.runs.exported import Parity
from transfer.runs.run import Run


@pytest.fixture(scope="module")
def predictor(trained: Run) -> KerasPredictor:
    return load(trained)


def unpacked(archive: Path, into: Path) -> Path:
    with zipfile.ZipFile(archive) as file:
        file.extractall(into)
    (folder,) = into.iterdir()
    return folder


@pytest.mark.parametrize("format", ["keras", "savedmodel", "onnx", "openvino", "litert_float16", "litert_int8"])
def test_the_zip_alone_says_what_the_app_says(
    trained: Run, predictor: KerasPredictor, format: str, tmp_path: Path
) -> None:
    if format == "keras":  # the run has written this one itself
        event = trained.log.newest(Exported)
        assert event is not None
        archive = trained.path / event.zip
        assert event.max_difference <= 1e-3
    else:
        done = exports.export(trained, format, predictor)
        archive = done.zip
        parity, metrics = done.parity, trained.metrics()
        assert trained.exported(format) == done
        assert metrics is not None
        assert (parity.photos, parity.agreement, parity.mark) == (len(trained.dataset.of("test")), 1.0, "")
        assert parity.accuracy == parity.app_accuracy == pytest.approx(metrics.accuracy)
        assert parity.first_milliseconds and parity.steady_milliseconds and parity.model_megabytes
    folder = unpacked(archive, tmp_path)
    assert archive.name == f"tiny-rtchen-{format}.zip"
    assert (folder / "photo.py").read_bytes() == Path(str(photo.__file__)).read_bytes()
    assert json.loads((folder / "model.json").read_text())["image_size"] == predictor.image_size
    assert (folder / "labels.txt").read_text(encoding="utf-8").splitlines() == list(trained.dataset.classes)

    paths = [str(trained.dataset.path(each)) for each in trained.dataset.of("test")]
    said = subprocess.run(
        [sys.executable, str(folder / "predict.py"), "--json", *paths],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    ).stdout
    theirs = [json.loads(line) for line in said.splitlines()]
    ours = predictor.predict(paths)
    assert [answer["path"] for answer in theirs] == paths
    for mine, answer in zip(ours, theirs, strict=True):
        assert max(answer["classes"], key=answer["classes"].get) == mine.classes[0][0]
        assert answer["classes"] == pytest.approx(dict(mine.classes), abs=FORMATS[format].exactness.difference or 0.05)


def test_the_card_says_what_must_be_known(trained: Run) -> None:
    card = (trained.exports_dir / "keras" / "README.md").read_text(encoding="utf-8")
    metrics = trained.metrics()
    assert metrics is not None
    for words in (
        f"{metrics.accuracy:.1%}",
        "95 % interval",
        "squashed to 32 × 32",
        "milliseconds per photo",
        " MB",
    ):
        assert words in card
    assert "green &#124; grün" in card  # a class cannot break the table
    assert str(trained.dataset.root) not in card


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_a_module_and_its_files(format: str) -> None:
    found = named(format)
    assert isinstance(found, ExportFormat)
    assert all(file.is_file() for file in found.files().values())


def test_a_missing_converter_is_named_with_what_installs_it(
    trained: Run, predictor: KerasPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = Extra("pip install it", ("numpy", "no_such_converter"))
    monkeypatch.setitem(FORMATS, "litert", replace(FORMATS["litert"], extra=extra))
    with pytest.raises(ExportError, match="not installed") as refused:
        exports.export(trained, "litert", predictor)
    assert (refused.value.found, extra.command in refused.value.fix) == ("no no_such_converter", True)


def test_a_format_may_hold_the_model_of_another(trained: Run, predictor: KerasPredictor, tmp_path: Path) -> None:
    write_as("keras", predictor, trained, tmp_path / "held.keras")
    assert (tmp_path / "held.keras").read_bytes() == trained.model_file.read_bytes()


@dataclass
class Said(ExportFormat):
    """An export that says what it is told to."""

    classes: list[dict[str, float]]
    network = "keras_file.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        raise NotImplementedError

    def start(self, folder: Path, paths: list[str], alone: bool = False) -> Any:
        return SimpleNamespace(paths=paths, printed="")

    def answers(self, program: Any) -> list[dict[str, Any]]:
        times = {"milliseconds": 2.0, "network_milliseconds": 1.0}
        return [
            {"path": path, **times, "classes": said} for path, said in zip(program.paths, self.classes, strict=True)
        ]


def test_what_falls_short_is_marked_or_refused(trained: Run, predictor: KerasPredictor, tmp_path: Path) -> None:
    photos = proof.photos(trained)
    said = [dict(each.classes) for each in predictor.predict(list(photos))]
    turned = [*said[:-1], {label: 1 - share for label, share in said[-1].items()}]
    shifted = [{label: share + 0.005 for label, share in each.items()} for each in said]

    def prove(exactness: Exactness, classes: list[dict[str, float]]) -> Parity:
        return proof.prove(Said(classes), exactness, tmp_path, predictor, photos)

    marked = prove(INT8, turned)
    assert f"another class than the app on 1 of {len(photos)} photos" in marked.mark
    assert marked.agreement == pytest.approx(1 - 1 / len(photos))
    assert prove(replace(INT8, agreement=0.5), turned).mark == ""
    assert prove(FLOAT16, shifted).max_difference == pytest.approx(0.005, abs=1e-5)
    for exactness, classes in ((FLOAT32, shifted), (FLOAT16, turned)):
        with pytest.raises(ExportError, match="does not say what the app says"):
            prove(exactness, classes)


def test_a_photo_that_cannot_be_read_does_not_end_the_program(trained: Run, tmp_path: Path) -> None:
    torn, whole = tmp_path / "torn.jpg", str(trained.dataset.path(trained.dataset.of("test")[0]))
    torn.write_bytes(b"no photo")
    writer = named("keras")
    (answer,) = writer.answers(writer.start(trained.exports_dir / "keras", [str(torn), whole]))
    assert answer["path"] == whole


def test_a_model_that_says_something_else_is_not_kept(
    trained: Run, predictor: KerasPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_another(format: object, predictor: KerasPredictor, run: Run, path: Path) -> None:
        other = keras.models.clone_model(predictor.model)
        *body, kernel, bias = predictor.model.get_weights()
        other.set_weights([*body, -kernel, -bias])  # every answer turned around
        other.save(path)

    before = sorted(trained.exports_dir.rglob("*"))
    monkeypatch.setattr(type(named("keras")), "write", write_another)
    with pytest.raises(ExportError, match="does not say what the app says"):
        exports.export(trained, "keras", predictor)
    assert sorted(trained.exports_dir.rglob("*")) == before
    assert load(trained).labels == predictor.labels


def test_unknown_formats_and_runs_without_a_model_are_refused(trained: Run, make_run: Callable[..., Run]) -> None:
    with pytest.raises(ExportError, match="no export format"):
        exports.export(trained, "paper")
    with pytest.raises(RunError, match="has no trained model"):
        exports.export(make_run(), "keras")
