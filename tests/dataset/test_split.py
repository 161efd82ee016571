"""Who trains, who validates, who tests: shares, seeds, copies and small classes."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from transfer.dataset.split import deal, deal_validation, halve


def digests(count: int, name: str = "") -> list[str]:
    return [hashlib.sha256(f"{name}{number}".encode()).hexdigest() for number in range(count)]


def sizes(count: int) -> tuple[int, int, int]:
    counts = Counter(deal(digests(count), 0).values())
    return counts["train"], counts["validation"], counts["test"]


@pytest.mark.parametrize("count", [20, 100, 1000])
def test_seventy_fifteen_fifteen(count: int) -> None:
    assert sizes(count) == (count * 70 // 100, count * 15 // 100, count * 15 // 100)


@pytest.mark.parametrize(
    ("count", "split"), [(0, (0, 0, 0)), (1, (1, 0, 0)), (2, (1, 1, 0)), (3, (1, 1, 1)), (4, (2, 1, 1)), (7, (5, 1, 1))]
)
def test_small_classes_fill_train_then_validation_then_test(count: int, split: tuple[int, int, int]) -> None:
    assert sizes(count) == split


@pytest.mark.parametrize("count", range(3, 60))
def test_every_class_of_three_has_all_splits_and_trains_most(count: int) -> None:
    train, validation, test = sizes(count)
    assert train + validation + test == count and train >= validation >= test >= 1


def test_the_seed_decides_and_the_order_of_files_does_not() -> None:
    photos = digests(100)
    assert deal(photos, 1) == deal(reversed(photos), 1) != deal(photos, 2)
    moved = [digest for digest in photos if deal(photos, 1)[digest] != deal(photos, 2)[digest]]
    assert 20 < len(moved) < 80


def test_a_photo_more_moves_few_others() -> None:
    photos = digests(201)
    before, after = deal(photos[:200], 0), deal(photos, 0)
    assert sum(before[digest] != after[digest] for digest in photos[:200]) <= 6


def test_copies_are_dealt_out_as_one_and_counted_as_many() -> None:
    photos = digests(40) + digests(20) * 2  # forty photos, twenty of them three times: eighty files
    split = deal(photos, 3)
    files = Counter(split[digest] for digest in photos)
    assert len(split) == 40 and files.total() == 80
    assert all(12 <= files[side] <= 14 for side in ("validation", "test"))  # three copies may go over by two


def test_many_copies_of_one_photo_stay_in_training() -> None:
    photos = digests(5) + [digests(5)[0]] * 500
    assert deal(photos, 0)[digests(5)[0]] == "train" and Counter(deal(photos, 0).values())["test"] >= 1


def test_validation_out_of_a_given_training_split() -> None:
    assert Counter(deal_validation(digests(100), 0).values()) == {"train": 85, "validation": 15}
    assert list(deal_validation(digests(1), 0).values()) == ["train"]
    assert deal_validation(digests(50), 0) != deal_validation(digests(50), 1)


@pytest.mark.parametrize(("count", "validation", "test"), [(1, 1, 0), (2, 1, 1), (3, 2, 1), (10, 5, 5), (11, 6, 5)])
def test_half_of_a_given_validation_split_becomes_the_test(count: int, validation: int, test: int) -> None:
    counts = Counter(halve(digests(count), 0).values())
    assert (counts["validation"], counts["test"]) == (validation, test)
    if count > 9:
        assert halve(digests(count), 0) != halve(digests(count), 1)
