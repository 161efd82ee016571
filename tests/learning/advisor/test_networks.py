"""A study of networks, made by real networks on drawn photos: what it tells, keeps, leaves out, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.learning.conftest import paint
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.learning import worker
from transfer.learning.advisor import networks
from transfer.messages.endings import Failed, Finished
from transfer.messages.events import Launched, Progressed, Started
from transfer.messages.measurements import NetworkLeftOut, NetworkMeasured, Planned
from transfer.networks.candidates import Candidate
from transfer.runs.study import Study, StudyConfig
from transfer.runs.workspace import Workspace
from transfer.samples import draw

SMALL, SMALLER = Candidate("EfficientNetLite0", 1.0, 64), Candidate("EfficientNetLite0", 1.0, 48)

Make = Callable[..., Study]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw.draw(tmp_path_factory.mktemp("samples"), per_class=12)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Make:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))

    def make(folder: Path = samples, **settings: object) -> Study:
        config = RunConfig(photos=str(folder), pooling="max", frozen_layers=3)
        return workspace.create_study(StudyConfig(run=config, **settings), scan(folder))  # type: ignore[arg-type]

    return make


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "ready", lambda: [SMALLER, SMALL])


@pytest.fixture(scope="module")
def done(make: Make) -> Study:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "ready", lambda: [SMALLER, SMALL])
        study = make(photos_a_class=8)
        assert worker.main([str(study.path)]) == 0, study.log.read()
    return study


def kinds(study: Study) -> list[str]:
    return [event.kind for event in study.log.read() if not isinstance(event, Progressed)]


def test_every_network_is_measured_one_by_one(done: Study) -> None:
    assert kinds(done) == ["started", "planned", "network_measured", "network_measured", "finished"]
    planned = done.log.newest(Planned)
    first, second = done.log.all(NetworkMeasured)
    assert planned and planned.steps == (first.step, second.step) == (SMALLER.name, SMALL.name)
    photos = 8 * len(done.dataset.classes)
    for told in (first, second):
        assert len(told.right) == photos and told.accuracy == told.right.count("1") / photos
        assert 0 <= told.low < told.accuracy <= told.high <= 1
        assert told.features > 1280 and 12 < told.megabytes < 15
        assert told.photos_per_second > 0 and told.training_seconds > 0 and told.seconds > 0
    assert second.accuracy > 0.5, "drawn things are told apart by a network that knows real ones"
    assert not done.lock_is_held() and done.status().state == "finished"


def test_a_second_study_looks_at_nothing_twice(done: Study, make: Make, two: None) -> None:
    study = make(photos_a_class=8)
    assert worker.main([str(study.path)]) == 0
    before, now = done.log.all(NetworkMeasured), study.log.all(NetworkMeasured)
    assert [told.right for told in now] == [told.right for told in before]
    messages = [event.message for event in study.log.all(Progressed)]
    assert all(told.photos_per_second > 0 for told in now)
    assert not any("looks at" in message for message in messages)


def test_a_network_that_is_out_of_time_is_said_to_be(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "ready", lambda: [SMALLER, SMALL])
    monkeypatch.setattr(networks, "_limit", lambda study: 1e-6)
    study = make(photos_a_class=8)
    assert worker.main([str(study.path)]) == 0
    assert kinds(study) == ["started", "planned", "network_left_out", "network_left_out", "finished"]
    assert all("Out of time" in told.reason for told in study.log.all(NetworkLeftOut))


def test_a_network_that_cannot_be_had_does_not_end_the_others(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(make().path))
    monkeypatch.setattr("transfer.networks.weights.online", lambda: False)
    monkeypatch.setattr(networks, "ready", lambda: [Candidate("VGG16", 1.0, 224), SMALLER])
    study = make(photos_a_class=8)
    assert worker.main([str(study.path)]) == 0
    assert kinds(study)[2:] == ["network_left_out", "network_measured", "finished"]
    assert "not on this machine" in study.log.all(NetworkLeftOut)[0].reason


def test_without_any_network_it_says_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "ready", lambda: [])
    study = make()
    assert worker.main([str(study.path)]) == 1
    failed = study.log.newest(Failed)
    assert failed and failed.as_error.what == "There is no network to be measured."
    assert study.status().state == "failed"


def test_it_stops_when_asked(make: Make, two: None) -> None:
    study = make()
    study.log.append(Launched())
    study.request_stop()
    assert worker.main([str(study.path)]) == 0
    assert kinds(study) == ["launched", "started", "planned", "stopped"]
    assert study.status().message == "Stopped by you; what was measured so far was kept."


def test_a_worker_that_is_killed_leaves_what_it_measured(make: Make, tmp_path: Path) -> None:
    """The program that a supervisor starts, with the networks that are installed with Transfer."""
    study = make(paint(tmp_path / "colours", dict.fromkeys(("blue", "red"), 40)))
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-m", "transfer.learning.worker", str(study.path)], env=environment)
    while not study.log.newest(Planned):
        assert process.poll() is None
        time.sleep(0.05)
    assert study.log.newest(Started) and study.status().state == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert study.status().state == "interrupted" and "Measuring" in study.status().message
    assert not study.log.newest(Finished)
