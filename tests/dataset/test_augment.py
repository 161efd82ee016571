"""Varied versions of a photo: different from it, recognisable, and the same for the same chances."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from tests.dataset.pictures import corners
from transfer.dataset.augment import Strength, augment

STRENGTHS = get_args(Strength)
PHOTO = np.asarray(corners(64, 64))


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("size", [1, 2, 31, 64, 160])
def test_shape_and_kind_stay(strength: Strength, size: int) -> None:
    photo = np.asarray(corners(160, 160).resize((size, size)))
    before = photo.copy()
    varied = augment(photo, strength, np.random.default_rng(0))
    assert varied.shape == (size, size, 3) and varied.dtype == np.uint8 and varied.flags.writeable
    assert np.array_equal(photo, before)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_same_chances_the_same_version(strength: Strength) -> None:
    versions = [augment(PHOTO, strength, np.random.default_rng(seed)) for seed in range(20)]
    assert np.array_equal(versions[7], augment(PHOTO, strength, np.random.default_rng(7)))
    assert len({version.tobytes() for version in versions}) == 20
    assert all(not np.array_equal(version, PHOTO) for version in versions)


def test_both_strengths_take_as_many_chances() -> None:
    states = []
    for strength in STRENGTHS:
        rng = np.random.default_rng(3)
        for photo in (PHOTO, PHOTO[:8, :8]):
            augment(photo, strength, rng)
        states.append(rng.random())
    assert states[0] == states[1]


def test_about_half_are_mirrored() -> None:
    """Red starts top left; the mirror brings it to the right, and nothing else does."""
    right = 0
    for seed in range(200):
        varied = augment(PHOTO, "light", np.random.default_rng(seed)).astype(int)
        redness = varied[8:24, :, 0] - varied[8:24, :, 1]
        right += int(redness[:, 32:].sum() > redness[:, :32].sum())
    assert 75 < right < 125


@pytest.mark.parametrize("strength", STRENGTHS)
def test_no_black_corners_come_in(strength: Strength) -> None:
    white = np.full((48, 48, 3), 255, np.uint8)
    for seed in range(200):
        varied = augment(white, strength, np.random.default_rng(seed)).astype(int)
        assert varied.min() > 140 and np.ptp(varied, axis=(0, 1)).max() <= 1


def test_strong_varies_more_than_light() -> None:
    def change(strength: Strength) -> float:
        versions = [augment(PHOTO, strength, np.random.default_rng(seed)).astype(int) for seed in range(40)]
        return float(np.mean([min(np.abs(v - PHOTO).mean(), np.abs(v[:, ::-1] - PHOTO).mean()) for v in versions]))

    assert 3 < change("light") < 0.75 * change("strong") < 60


def test_another_strength() -> None:
    with pytest.raises(ValueError, match="light, strong"):
        augment(PHOTO, "wild", np.random.default_rng(0))  # type: ignore[arg-type]
