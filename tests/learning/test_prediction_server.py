"""The helper process, asked through its own client and by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from transfer.errors import ConfigError, RunError
from transfer.processes.client import Service
from transfer.runs.run import Run


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    asked = Service(tmp_path_factory.mktemp("service") / "service.log")
    yield asked
    asked.close()


def test_it_says_what_training_would_run_on(service: Service) -> None:
    answer = service.ask("device")
    assert answer["gpus"] == []
    assert answer["words"].startswith("CPU")


def test_it_predicts_photos_and_names_those_it_cannot_read(service: Service, trained: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 nothing more")
    good = trained.dataset.path(trained.dataset.of("test")[0])
    first, second = service.ask("predict", run=str(trained.path), images=[str(broken), str(good)], top=2)["predictions"]
    assert "broken.jpg" in first["error"]
    assert second["path"] == str(good)
    assert len(second["classes"]) == 2
    (label, share), (_, less) = second["classes"]
    assert label in trained.dataset.classes
    assert 1 >= share >= less >= 0


def test_it_measures_again(service: Service, trained: Run) -> None:
    before = trained.metrics()
    answer = service.ask("evaluate", run=str(trained.path))
    assert before is not None
    assert answer["confusion"] == before["confusion"]


def test_it_looks_into_a_model_file(service: Service, trained: Run) -> None:
    answer = service.ask("layers", file=str(trained.model_file))
    assert answer["image_size"] == 32
    assert {"name", "block", "parameters", "kind"} <= set(answer["layers"][0])


def test_a_user_s_mistakes_come_back_as_such(service: Service, make_run: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no trained model"):
        service.ask("predict", run=str(make_run().path), images=[])
    with pytest.raises(RunError, match="There is no run"):
        service.ask("predict", run=str(tmp_path), images=[])
    with pytest.raises(ConfigError, match="no question"):
        service.ask("sing")
    with pytest.raises(ConfigError, match="not put properly"):
        service.ask("predict")


def test_nothing_but_answers_comes_out_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "transfer.learning.prediction_server"],
        input='{"do": "device"}\n\nnot json\n[1]\n',
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert "ok" in first
    assert second["error"]["kind"] == third["error"]["kind"] == "ConfigError"
