"""What earlier versions made still opens: runs are listed, predicted with and resumed, exports run.

`fixtures/runs_0_1` holds three runs as version 0.1 wrote them, and the photos they learned from; `runs_0_2` one with a
refined answer, a file of trust and four exports, as 0.2 wrote it just before it got that number. Never change them;
when the format changes, add a folder.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from transfer.advice.curves import advice_on_curves
from transfer.cli.main import main
from transfer.messages.events import EpochEnded, Event, Progressed, Started
from transfer.messages.questions import Predict
from transfer.processes.client import Client
from transfer.processes.launcher import LocalLauncher
from transfer.processes.supervisor import Supervisor
from transfer.runs.progress import progress
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

FOLDER = Path(__file__).parent / "fixtures"
FIXTURES = FOLDER / "runs_0_1"
NAMES = ("finished", "interrupted", "pocket")
TRAINED = ("finished", "pocket")
SECOND = FOLDER / "runs_0_2"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the three runs, whose photos have moved with them."""
    folder = tmp_path_factory.mktemp("earlier")
    photos, workspace = folder / "photos", Workspace(folder / "workspace")
    shutil.copytree(FIXTURES / "photos", photos)
    for name in NAMES:
        place = workspace.runs_dir / name
        shutil.copytree(FIXTURES / name, place)
        for file, key in (("config.json", "photos"), ("dataset.json", "root")):
            data = json.loads((place / file).read_text())
            (place / file).write_text(json.dumps({**data, key: str(photos)}))
    return workspace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("server") / "server.log")
    yield client
    client.close()


def told(name: str, kind: str) -> list[dict[str, Any]]:
    """The events of a kind as they are in the fixture's log, understood by nobody."""
    lines = map(json.loads, (FIXTURES / name / "events.jsonl").read_text().splitlines())
    return [line for line in lines if line["event"] == kind]


def test_they_are_listed_with_their_status(workspace: Workspace) -> None:
    assert {run.id: run.status().state for run in workspace.runs()} == {
        "finished": "finished",
        "interrupted": "interrupted",
        "pocket": "finished",
    }
    assert "signal 9" in workspace.run("interrupted").status().message
    assert workspace.waiting() == []


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_understood(workspace: Workspace, name: str) -> None:
    for line in (FIXTURES / name / "events.jsonl").read_text().splitlines():
        assert Event.from_dict(json.loads(line)) is not None, line
    run = workspace.run(name)
    assert all(event.message for event in run.log.all(Progressed))
    assert progress(run).epochs_done == len(told(name, "epoch"))
    assert isinstance(advice_on_curves(run.config, run.dataset, run.log.read()), list)


@pytest.mark.parametrize("name", NAMES)
def test_their_history_and_metrics_are_those_that_were_written(workspace: Workspace, name: str) -> None:
    run = workspace.run(name)
    history, epochs = run.history(), told(name, "epoch")
    for column in ("step", "loss", "val_accuracy", "learning_rate"):
        assert history[column].tolist() == [epoch[column] for epoch in epochs]
    metrics = run.metrics()
    if name not in TRAINED:
        assert metrics is None
        return
    assert metrics is not None
    written = json.loads((FIXTURES / name / "evaluation" / "metrics.json").read_text())
    del written["milliseconds_per_photo"]  # said how fast the measuring was; now that is done on kept features
    assert json.loads(json.dumps(metrics.to_dict())) == written | {"calibration": None}
    assert [row.name for row in metrics.classes] == ["blue", "red"]


def test_the_terminal_reports_each(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        assert main(["report", name, "--workspace", str(workspace.path)]) == 0
        file = Path(capsys.readouterr().out.strip())
        text = file.read_text(encoding="utf-8")
        assert file == workspace.run(name).path / "report.html" and text.startswith("<!doctype html>")
        assert ("How good it is" in text) == (name in TRAINED) and "How it learned" in text


@pytest.mark.parametrize("name", TRAINED)
def test_they_predict_what_they_predicted(workspace: Workspace, server: Client, name: str) -> None:
    run = workspace.run(name)
    with (run.evaluation_dir / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = tuple(str(Path(run.dataset.root) / row["path"]) for row in rows)
    answers = server.ask(Predict(run=str(run.path), images=images, top=None))
    assert len(answers.photos) == len(rows) > 0
    for row, answer in zip(rows, answers.photos, strict=True):
        assert dict(answer.classes) == pytest.approx({c: float(row[f"p:{c}"]) for c in ("blue", "red")}, abs=1e-4)


def test_an_export_runs_by_itself(tmp_path: Path) -> None:
    shutil.unpack_archive(FIXTURES / "finished" / "exports" / "finished-in-0-1-keras.zip", tmp_path)
    (program,) = tmp_path.rglob("predict.py")
    photo = FIXTURES / "photos" / "red" / "04.jpg"
    assert said(program, photo) == pytest.approx({"blue": 0.5, "red": 0.5}, abs=1e-4)


@pytest.fixture(scope="module")
def refined(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of version 0.2, whose photos have moved with it."""
    folder = tmp_path_factory.mktemp("second")
    shutil.copytree(SECOND / "photos", folder / "photos")
    place = Path(shutil.copytree(SECOND / "refined", folder / "workspace" / "runs" / "refined"))
    for file, moved in (
        ("config.json", {"photos": str(folder / "photos"), "backbone": str(SECOND / "three.keras")}),
        ("dataset.json", {"root": str(folder / "photos")}),
    ):
        data = json.loads((place / file).read_text())
        (place / file).write_text(json.dumps(data | moved))
    return Run(place)


def test_a_run_of_0_2_is_read(refined: Run) -> None:
    assert refined.status().state == "finished"
    for line in (refined.path / "events.jsonl").read_text().splitlines():
        assert Event.from_dict(json.loads(line)) is not None, line
    metrics = refined.metrics()
    written = json.loads((SECOND / "refined" / "evaluation" / "metrics.json").read_text())
    assert metrics is not None and json.loads(json.dumps(metrics.to_dict())) == written
    assert metrics.calibration is not None and refined.exported("keras") is not None


def test_it_says_of_photos_what_it_said_and_which_are_like_them(refined: Run, server: Client) -> None:
    with (refined.evaluation_dir / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = tuple(str(Path(refined.dataset.root) / row["path"]) for row in rows)
    answers = server.ask(Predict(run=str(refined.path), images=images, top=None)).photos
    for row, answer in zip(rows, answers, strict=True):
        said = {name: float(row[f"p:{name}"]) for name in refined.dataset.classes}
        assert dict(answer.classes) == pytest.approx(said, abs=1e-3)  # measured on kept features
        assert answer.unfamiliar is not None and answer.possible
        assert all(Path(photo).is_file() for photo, _ in answer.nearest) and answer.nearest


@pytest.mark.parametrize("format", ["keras", "litert", "litert_int8", "onnx"])
def test_an_export_of_0_2_runs_by_itself(format: str, tmp_path: Path) -> None:
    shutil.unpack_archive(SECOND / "refined" / "exports" / f"refined-in-0-2-{format}.zip", tmp_path)
    (program,) = tmp_path.rglob("predict.py")
    for label in ("blue", "green", "red"):
        photo = SECOND / "photos" / label / "04.jpg"
        assert max(said(program, photo).items(), key=itemgetter(1))[0] == label


def said(program: Path, photo: Path) -> dict[str, float]:
    """What the program of an unpacked export says about a photo: class to probability."""
    done = subprocess.run(
        [sys.executable, program, photo, "--json"],
        capture_output=True,
        text=True,
        cwd=program.parent,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    classes: dict[str, float] = json.loads(done.stdout)["classes"]
    return classes


def test_an_interrupted_run_goes_on_where_it_was(workspace: Workspace) -> None:
    run: Run = workspace.run("interrupted")
    run.request_resume()
    assert workspace.waiting() == [run]
    supervisor = Supervisor(workspace, LocalLauncher()).start()
    try:
        until(lambda: run.status().over, 300)
    finally:
        supervisor.stop()
    assert run.status().state == "finished", run.worker_log.read_text()[-3000:]
    assert [epoch.step for epoch in run.log.all(EpochEnded)] == list(range(1, 44))
    started = run.log.newest(Started)
    assert started and started.resumed_from == len(told("interrupted", "epoch"))
    assert run.metrics() is not None and run.exported("keras") is not None
