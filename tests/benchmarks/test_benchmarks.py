"""The benchmarks still run, and their arithmetic is right. No figure measured here means anything."""

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import (
    accuracy,
    advice,
    choice,
    corrections,
    drive,
    estimate,
    exports,
    many_runs,
    memory,
    photo_sets,
    recipe,
    review,
    speed,
    step,
)
from tests.benchmarks.drive import Task
from tests.long_form import long_form
from transfer.config import RunConfig


def test_both_sides_get_the_same_division(tmp_path: Path) -> None:
    photos = photo_sets.generated(tmp_path / "photos", 60, side=24)
    first, again, other = (photo_sets.divided(photos, tmp_path / f"{n}", seed) for n, seed in enumerate((0, 0, 1)))
    assert len(first.photos) == 60 and first.fingerprint == again.fingerprint != other.fingerprint
    for split in ("train", "validation", "test"):
        there = {path.relative_to(tmp_path / "0").as_posix() for path in (tmp_path / "0" / split).rglob("*.jpg")}
        assert there == {photo.path for photo in first.of(split)} and there  # type: ignore[arg-type]


def test_a_task_is_a_valid_config_and_means_the_same_for_both_sides() -> None:
    head, tune = (RunConfig.from_dict(Task(frozen_layers=frozen).settings()) for frozen in (None, 100))
    assert (head.head_epochs, head.fine_tunes) == (10, False)
    assert (tune.head_epochs, tune.fine_tune_epochs, tune.frozen_layers) == (0, 10, 100)
    assert Task(weights="random").flags("weights", "frozen_layers", "image_size") == [
        "--weights", "random", "--image-size", "224"
    ]  # fmt: skip


def test_the_interval_is_students() -> None:
    mean, low, high = accuracy.interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert mean == 3.0 and low == pytest.approx(1.0368, abs=1e-3) and high == pytest.approx(4.9632, abs=1e-3)
    assert math.isnan(accuracy.interval([1.0])[1])


def test_the_peak_is_that_of_the_worker_below_the_command() -> None:
    start = [sys.executable, str(Path(__file__).with_name("grow.py")), "--below"]
    worker, stranger = (memory.peak([*start, name]) for name in ("transfer.learning.worker", "-"))
    assert 60 < worker < 100 and stranger == 0
    with pytest.raises(RuntimeError, match="not today"):
        memory.peak([sys.executable, "-c", "raise SystemExit('not today')"])


def test_memory_counts_what_a_process_allocates_itself() -> None:
    before = memory.anonymous(os.getpid())
    block = bytearray(os.urandom(50 * 2**20))
    assert memory.anonymous(os.getpid()) - before > 45
    assert len(block) == 50 * 2**20


def test_the_accuracy_of_both_sides_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Runs the tutorial and a training of Transfer, so whatever the other scripts share with it runs too."""
    accuracy.main(["--quick"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| photos | seed |") and len(lines) == 4 and "| all |" in lines[-1]
    assert drive.table(["a"], [["b"]]) == "| a |\n| --- |\n| b |"


def test_a_step_is_taken_apart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(step, "REPEATS", 1)
    step.main(["--features", "8", "--units", "4", "--photos", "64"])
    said = capsys.readouterr().out
    assert all(name in said for name in ("product forwards", "Adam", "the whole step, by XLA"))


@long_form
def test_the_advisor_beside_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    advice.main(["--quick"])
    lines = capsys.readouterr().out.splitlines()
    assert "EfficientNetLite0" in lines[0]
    assert [line.split(" | ")[0] for line in lines[3:]] == ["| limit", "| cold", "| warm"]


def test_a_choice_is_wrong_only_beyond_chance(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = np.array([True] * 8 + [False] * 2), np.array([True] * 4 + [False] * 6)
    assert choice.by_chance(one, other) == pytest.approx(2 * 1 / 2**4) and choice.by_chance(one, one) == 1.0
    choice.main(["--quick"])
    assert "| best |" in capsys.readouterr().out


@long_form
def test_the_recipe_is_set_beside_a_probe_and_the_tutorial(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn", reason="the probe is scikit-learn's")
    recipe.main(["--quick", "--tutorial", "--parts"])
    assert "generated" in capsys.readouterr().out


@long_form
def test_the_default_command_beside_both_steps_of_the_tutorial(capsys: pytest.CaptureFixture[str]) -> None:
    speed.main(["--quick", "--rows", "default"])
    assert "tutorial on Lite0, both steps / ours" in capsys.readouterr().out


def test_lists_of_runs_that_were_generated(capsys: pytest.CaptureFixture[str]) -> None:
    many_runs.main(["--runs", "3", "--repeats", "1", "--no-page"])
    assert "| transfer runs |" in capsys.readouterr().out


@long_form
def test_what_a_run_takes_is_foreseen_from_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    estimate.main(["--quick", "--only", "EfficientNetLite0, default"])
    head, _, row = capsys.readouterr().out.splitlines()
    assert "foreseen / true" in head and row.count("%") == 3


@long_form
def test_suspects_and_copies_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    review.main(["--quick"])
    said = capsys.readouterr().out
    assert "| generated | all |" in said and "JPEG 50" in said


@long_form
def test_corrections_are_trained_with(capsys: pytest.CaptureFixture[str]) -> None:
    corrections.main(["--quick"])
    assert "| again, seed 0 | 15 |" in capsys.readouterr().out


@long_form
def test_the_figures_of_exports(capsys: pytest.CaptureFixture[str]) -> None:
    exports.main(["--quick", "--formats", "onnx", "litert_int8"])
    assert [line.split(" | ")[1] for line in capsys.readouterr().out.splitlines()[-2:]] == ["onnx", "litert_int8"]
