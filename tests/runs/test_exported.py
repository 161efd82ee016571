"""Finished exports as a run keeps them, those of version 0.1 too."""

from pathlib import Path

import pytest

from transfer.runs.exported import ExportedModel, Parity
from transfer.runs.run import Run

FIXTURES = Path(__file__).parents[1] / "fixtures" / "runs_0_1"


def test_an_export_of_the_first_version_opens() -> None:
    made = Run(FIXTURES / "finished").exported("keras")
    assert made is not None
    assert made.zip.name == "finished-in-0-1-keras.zip"
    assert made.megabytes == pytest.approx(0.751, abs=0.001)
    assert made.parity == Parity(
        photos=4, max_difference=0.0, tolerance=0.001, machine="x86_64, 2 cores", milliseconds_per_photo=4.21
    )
    assert made.to_dict()["zip"] == str(made.zip)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    parity = Parity(photos=0, max_difference=0.0, tolerance=0.01, machine="here")
    (tmp_path / "litert").mkdir()
    parity.write(tmp_path / "litert")
    assert ExportedModel.find(tmp_path, "litert") is None  # without its zip it is not finished
    (tmp_path / "model-litert.zip").touch()
    assert ExportedModel.find(tmp_path, "litert") == ExportedModel("litert", tmp_path / "model-litert.zip", parity)
    assert ExportedModel.find(tmp_path, "keras") is None


def test_a_parity_report_of_a_newer_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "parity.json").write_text(
        '{"photos": 4, "max_difference": 0.1, "tolerance": 0.2, "machine": "m", "photos_per_joule": 1.0}'
    )
    assert Parity.read(tmp_path).max_difference == 0.1
