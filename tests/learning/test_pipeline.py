"""Batches: their order, their fillers, and what becomes of a photo that cannot be read."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from tests.learning.conftest import paint
from transfer.dataset.dataset import Dataset
from transfer.dataset.photo import read_photo
from transfer.dataset.scan import scan
from transfer.learning.pipeline import PhotoSource, order, steps


def nothing(path: str, reason: str) -> None:
    raise AssertionError(f"{path}: {reason}")


def source(dataset: Dataset, augmentation: str = "off", batch_size: int = 8) -> PhotoSource:
    return PhotoSource(dataset, "train", 32, batch_size, nothing, augmentation)


def test_an_order_follows_from_its_key_and_has_every_photo_once() -> None:
    first, again, other = (list(order(10, 4, key)) for key in ((0, 0, 1), (0, 0, 1), (0, 0, 2)))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    flat = np.concatenate(first)
    assert sorted(flat[flat >= 0]) == list(range(10))
    assert flat[-2:].tolist() == [-1, -1]
    assert [batch.tolist() for batch in order(3, 2, None)] == [[0, 1], [2, -1]]


def test_batches_hold_the_photos_of_the_split(photos: Path) -> None:
    dataset = scan(photos)
    of = source(dataset)
    batches = list(of.batches())
    assert len(batches) == steps(of)
    assert {batch.inputs.shape for batch in batches} == {(8, 32, 32, 3)}
    assert sum(batch.photos for batch in batches) == of.photos == len(dataset.of("train"))
    position = 9
    photo = dataset.of("train")[position]
    assert np.array_equal(batches[1].inputs[1], read_photo(dataset.path(photo), 32))
    assert batches[1].labels[1] == photo.label
    assert batches[1].indices[1] == position
    filler = batches[-1].valid == 0
    assert not batches[-1].inputs[filler].any()


def test_variations_follow_from_the_key(photos: Path) -> None:
    dataset = scan(photos)
    first, again, other = (
        np.concatenate([batch.inputs for batch in source(dataset, "strong").batches(key)])
        for key in ((1, 0, 1), (1, 0, 1), (1, 0, 2))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    plain = next(source(dataset, "strong").batches())
    assert np.array_equal(plain.inputs, next(source(dataset).batches()).inputs)


def test_a_photo_that_is_not_what_it_was_counts_for_nothing_and_is_named(tmp_path: Path) -> None:
    dataset = scan(paint(tmp_path / "photos", {"blue": 12, "red": 12}))
    gone, other, broken = dataset.of("train")[:3]
    dataset.path(gone).unlink()
    paint(tmp_path / "others", {"blue": 1}, seed=1)
    (tmp_path / "others" / "blue" / "000.png").replace(dataset.path(other))
    dataset.path(broken).write_bytes(b"no photo")
    told: list[tuple[str, str]] = []
    batch = next(PhotoSource(dataset, "train", 32, 4, lambda *what: told.append(what)).batches())
    assert batch.valid.tolist() == [0, 0, 0, 1]
    assert batch.indices.tolist() == [0, 1, 2, 3]
    assert not batch.inputs[:3].any()
    assert [path for path, _ in told] == [gone.path, other.path, broken.path]
    assert "No such file" in told[0][1] and "it was changed since" in told[1][1] and told[2][1]


def test_an_epoch_left_early_leaves_no_thread_behind(photos: Path) -> None:
    batches = source(scan(photos), batch_size=2).batches()
    next(batches)
    assert any(thread.name.startswith("photos") for thread in threading.enumerate())
    batches.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("photos") for thread in threading.enumerate())
