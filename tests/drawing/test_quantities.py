"""Quantities as people say them."""

from __future__ import annotations

import pytest

from transfer.drawing.quantities import counted, megabytes, percent, readable


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.92, "92%"), (0.923, "92.3%"), (1.0, "100%"), (0.0, "0%"), (None, "–"), (float("nan"), "–"), (0.2, "20%")],
)
def test_percent(share: float | None, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1 thousand"),
        (35_240, "35.2 thousand"),
        (999_999, "1 million"),
        (2_257_984, "2.26 million"),
        (None, "unknown"),
    ],
)
def test_counts_can_be_read_at_a_glance(count: int | None, said: str) -> None:
    assert readable(count) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 MB"), (12_300, "12 kB"), (1_000_000, "1 MB"), (1_200_000_000, "1.2 GB"), (10_000_000_000, "10 GB")],
)
def test_sizes(size: int, said: str) -> None:
    assert megabytes(size) == said


def test_one_is_not_many() -> None:
    assert [counted(number, "round") for number in (0, 1, 2)] == ["0 rounds", "1 round", "2 rounds"]
