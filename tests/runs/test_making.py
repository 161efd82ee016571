"""Exports that are being made, as every reader of the folder sees them."""

import dataclasses
import time
from pathlib import Path

import pytest

from transfer.errors import ExportError
from transfer.runs.leftovers import sweep
from transfer.runs.making import STEPS, Making


def test_how_far_it_is_is_read_where_it_is_written(tmp_path: Path) -> None:
    assert Making.find(tmp_path, "litert") is None
    lines = tmp_path / "said"
    lines.write_text("a\nb\nhalf a li")
    making = Making(format="litert", step="prove", began=time.time() - 10, total=8, lines=str(lines))
    making.write(tmp_path)
    assert Making.find(tmp_path, "litert") == making
    assert Making.find(tmp_path, "litert_int8") is None
    assert (making.done, making.step in STEPS) == (2, True)
    assert making.seconds_left == pytest.approx(30, abs=2)
    lines.unlink()
    assert making.done == 0 and making.seconds_left is None
    making.end(tmp_path)
    assert Making.find(tmp_path, "litert") is None and not list(tmp_path.iterdir())


def test_one_whose_process_is_gone_is_not_being_made_but_an_error_stays(tmp_path: Path) -> None:
    making = dataclasses.replace(Making(format="onnx"), pid=2**22 + 1)
    making.write(tmp_path)
    assert Making.find(tmp_path, "onnx") is None
    making.end(tmp_path, ExportError("No.", fix="Try another."))
    sweep(tmp_path)
    failed = Making.find(tmp_path, "onnx")
    assert failed is not None and isinstance(failed.as_error, ExportError) and failed.as_error.fix == "Try another."


def test_a_damaged_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".keras.making").write_text('{"format": 3')
    assert Making.find(tmp_path, "keras") is None
