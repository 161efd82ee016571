"""The formats side by side: every figure that was measured is told, and nothing that was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.conftest import drawing, read
from transfer.formats import FORMATS
from transfer.runs.exported import ExportedModel, Parity
from transfer.ui.take_away.comparison import comparison, plot

QUICK = Parity(photos=32, max_difference=0.0, tolerance=1e-3, machine="m", milliseconds_per_photo=20.0)
WHOLE = Parity(
    photos=90, max_difference=0.3, tolerance=None, machine="m", agreement=0.9667, accuracy=0.9, app_accuracy=0.925,
    model_megabytes=3.6, first_milliseconds=30.0, steady_milliseconds=7.4, mark="It names another class.",
)  # fmt: skip


def test_nothing_before_anything_was_made() -> None:
    assert comparison({}) == ""


def test_every_format_with_its_figures() -> None:
    made = {name: ExportedModel(name, Path("x.zip"), QUICK if name == "keras" else WHOLE) for name in FORMATS}
    said = read(comparison(made)).text
    for words in (*(kind.title for kind in FORMATS.values()), "not as exact", "90% of 90 (-2.5 points)", "96.7% of 90"):
        assert words in said
    label = str(drawing(plot([(2, "onnx", WHOLE), (3, "litert", WHOLE)])).get("aria-label"))
    assert "3 LiteRT (TensorFlow Lite): 90% right, 7.4 milliseconds, 3.6 megabytes" in label.replace("\xa0", " ")


@pytest.mark.parametrize("figure", [0.0, 1.0])
def test_one_accuracy_for_all_still_has_a_scale(figure: float) -> None:
    parity = Parity(
        photos=1, max_difference=0.0, tolerance=None, machine="m", accuracy=figure, app_accuracy=figure,
        steady_milliseconds=0.0, agreement=1.0,
    )  # fmt: skip
    drawing(plot([(1, "keras", parity), (2, "litert", parity)]))
