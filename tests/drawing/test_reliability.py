"""The reliability diagram: what it says in words, and that nothing is ever called sure."""

from __future__ import annotations

from tests.ui.conftest import drawing, read
from transfer.drawing.reliability import reliability, sure
from transfer.runs.metrics import Calibration, ConfidenceBin

BINS = (
    ConfidenceBin(15, 0.62, 0.4, 0.2, 0.64),
    ConfidenceBin(15, 0.8, 0.75, 0.5, 0.9),
    ConfidenceBin(15, 0.999, 1.0, 0.8, 1.0),
)


def test_confidence_beside_what_came_of_it() -> None:
    html = reliability(Calibration(BINS, error=0.09, chance=0.07, before=0.12))
    text = read(html).text
    assert "When it says 80 %, it is right 75 of 100 times (15 photos; 50% to 90%)." in text
    assert "When it says more than 99 %, it is right 100 of 100 times" in text
    assert "9.0 points" in text and "first answer" in text and "12.0" in text and "7.0 by chance" in text
    drawing(html)


def test_one_group_and_runs_of_earlier_versions() -> None:
    assert read(reliability(Calibration(BINS[:1], 0.22, 0.1))).text.count("When it says 62 %") == 1
    assert reliability(None) == ""
    assert sure(1.0) == sure(0.996) == "more than 99 %" and sure(0.9) == "90 %"
