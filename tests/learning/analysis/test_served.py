"""A model as the prediction server holds it: Keras first, then the engine, and both say the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from transfer.learning.analysis.prediction import load
from transfer.learning.analysis.served import ServedModel
from transfer.runs.run import Run


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    """The trained run in a workspace of its own, where nothing was translated."""
    shutil.copytree(trained.path, tmp_path / "runs" / trained.id)
    return Run(tmp_path / "runs" / trained.id)


def photos(run: Run) -> list[str]:
    return [str(run.dataset.path(photo)) for photo in run.dataset.of("test")]


def test_the_engine_says_what_keras_says(run: Run) -> None:
    pytest.importorskip("openvino")
    served = ServedModel(run, load)
    slow = served.predict(photos(run))
    assert not served.ready
    served.prepare()
    assert served.ready
    for one, other in zip(slow, served.predict(photos(run)), strict=True):
        assert one.path == other.path and dict(other.classes) == pytest.approx(dict(one.classes), abs=1e-5)
    again = served.predict([*photos(run)[:1], "nowhere.jpg"], 1)
    assert len(again[0].classes) == 1 and again[1].error


def test_a_translated_model_answers_without_tensorflow(run: Run) -> None:
    pytest.importorskip("openvino")
    served = ServedModel(run, load)
    served.prepare()
    label, photo = run.dataset.classes[0], photos(run)[0]
    program = [sys.executable, "-m", "tests.learning.analysis.by_engine", str(run.path), photo, label]
    said, _, needed = subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip().partition(" ")
    (expected,) = load(run).predict([photo])
    assert float(said) == pytest.approx(dict(expected.classes)[label], abs=1e-5) and needed == "[]"


def test_another_file_is_another_model(run: Run) -> None:
    ServedModel(run, load).prepare()
    model = load(run).model
    *body, kernel, bias = model.get_weights()
    model.set_weights([*body, -kernel, -bias])
    model.save(run.model_file)
    served = ServedModel(run, load)
    assert not served.ready
    before = served.predict(photos(run))
    served.prepare()
    for one, other in zip(before, served.predict(photos(run)), strict=True):
        assert dict(other.classes) == pytest.approx(dict(one.classes), abs=1e-5)


def test_where_the_engine_fails_keras_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("not this one")

    monkeypatch.setattr("transfer.learning.features.compiled.keep", refuse)
    served = ServedModel(run, load)
    served.prepare()
    assert not served.ready and served.predict(photos(run)[:1])[0].classes
    assert isinstance(served._with_keras().model, keras.Model)
