"""The header for microcontrollers: C++ takes it, it holds the model, and what is too large is refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from transfer.errors import ExportError
from transfer.learning.analysis.prediction import KerasPredictor, load
from transfer.learning.export import arduino
from transfer.learning.export.exporter import export
from transfer.runs.run import Run

PROGRAM = """
#include <cstdio>
#include "model.h"
int main() { std::printf("%d %d %d %u %s", kImageSize, kClasses, kArenaBytes, kModelBytes, kLabels[1]); }
"""


@pytest.fixture(scope="module")
def predictor(trained: Run) -> KerasPredictor:
    return load(trained)


def test_the_header_holds_the_model(trained: Run, predictor: KerasPredictor, tmp_path: Path) -> None:
    done = export(trained, "arduino", predictor, thorough=False)  # proven from the header itself
    assert done.parity.agreement is not None and done.parity.agreement >= 0.98
    folder = trained.exports_dir / "arduino" / "classifier"
    assert (folder / "classifier.ino").is_file()
    if (compiler := shutil.which("g++")) is None:
        pytest.skip("there is no g++ on the path")
    (tmp_path / "look.cpp").write_text(PROGRAM)
    command = [compiler, "-std=c++11", "-Wall", "-Werror", "-I", str(folder), str(tmp_path / "look.cpp")]
    subprocess.run([*command, "-o", str(tmp_path / "look")], check=True)
    size, classes, arena, length, label = subprocess.check_output([tmp_path / "look"], text=True).split(" ", 4)
    assert (int(size), int(classes), label) == (32, 3, "green | grün")
    # At least the photo and the first map (16 x 16 x 12) are in memory at once; and not all there is.
    assert 32 * 32 * 3 + 16 * 16 * 12 <= int(arena) < 40_000
    assert 1_000 < int(length) < 40_000


def test_a_network_that_is_too_large_is_refused_with_what_would_fit(
    trained: Run, predictor: KerasPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arduino, "LIMIT", 1000)
    with pytest.raises(ExportError, match="too large for a microcontroller") as refused:
        export(trained, "arduino", predictor, thorough=False)
    assert "MobileNet" in refused.value.fix
