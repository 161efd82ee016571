"""Early: what a program without TensorFlow looked at beforehand, the worker finds."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.learning.conftest import COLOURS, paint
from transfer import disk
from transfer.costs.space import run_bytes
from transfer.learning import device
from transfer.learning.features import early
from transfer.learning.features.engine import OpenVINOEngine, open_engine
from transfer.learning.features.extraction import FeatureExtractor, NotKept
from transfer.learning.features.stage import Stage
from transfer.learning.inbox import Inbox
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.learning.training.network import TrainedNetwork
from transfer.messages.requests import Stop
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

SEEDS = itertools.count(77)  # the workspace is shared: other photos for each test


@pytest.fixture
def run(make_run: Callable[..., Run], tmp_path: Path) -> Run:
    """Over photos that nobody has looked at, with the engine of its network kept."""
    run = make_run(paint(tmp_path / "photos", dict.fromkeys(COLOURS, 20), seed=next(SEEDS)), fine_tune_epochs=0)
    stage = whole(run, extractor(run))
    engine = open_engine(stage.model, stage.network, Workspace.of(run).engines_dir)
    assert isinstance(engine, OpenVINOEngine), engine.description
    return run


def extractor(run: Run) -> FeatureExtractor:
    return FeatureExtractor(Workspace.of(run), device.choose(), Reporter(run), Inbox(run.mailbox))


def whole(run: Run, extractor: FeatureExtractor) -> Stage:
    (stage,) = TrainedNetwork(run.config, 3, device.choose(), Reporter(run), extractor).stages("head")
    return stage


def reused(run: Run, split: str, said: pytest.CaptureFixture[str]) -> bool:
    said.readouterr()
    found = extractor(run)
    photos = PhotoSource(run.dataset, split, 32, 16, Reporter(run).skip)  # type: ignore[arg-type]
    found.extract((whole(run, found),), photos)
    found.close()
    return "has looked at these photos before" in said.readouterr().out


def look(run: Run) -> None:
    """The program, with a worker that never calls it off."""
    command = [sys.executable, "-X", "importtime", "-m", early.__name__, str(run.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        imported = program.stderr.read()
        assert program.wait(60) == 0, imported
    assert "openvino" in imported and not any(line.endswith("| tensorflow") for line in imported.splitlines())


def test_the_worker_finds_what_was_looked_at_before_it_was_ready(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    before = run.log.read()
    look(run)
    assert run.log.read() == before, "the log is the worker's"
    assert all(reused(run, split, capsys) for split in ("train", "validation", "test"))


def test_a_stop_is_heard(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.mailbox.send(Stop())
    look(run)
    run.mailbox.clear()
    assert not reused(run, "train", capsys)


def test_it_leaves_the_room_that_the_run_needs(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = run_bytes(run.config, run.dataset)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "free", lambda _: needed)
        with pytest.raises(NotKept, match="free on the disk"):
            early.look(run)
    assert not reused(run, "validation", capsys)
    early.look(run)
    assert reused(run, "train", capsys)


def test_it_is_called_off(run: Run) -> None:
    early.start(run.path)
    (program,) = early._started
    early.call_off()
    assert program.poll() == 0 and not early._started
