"""The record of a checked folder: counts, fingerprint, and its file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from transfer.dataset.dataset import Dataset, LeftOut, Photo
from transfer.errors import PhotosError

DATASET = Dataset(
    root="/photos",
    classes=("Bäume", "cats"),
    photos=(
        Photo("Bäume/1.jpg", 0, "train", "a1"),
        Photo("Bäume/2.jpg", 0, "test", "a2"),
        Photo("cats/1.jpg", 1, "train", "b1"),
        Photo("cats/2.jpg", 1, "train", "b2"),
        Photo("cats/3.jpg", 1, "validation", "b3"),
    ),
    left_out=(LeftOut("cats/4.jpg", "the file is empty"),),
    passed_over=3,
    notes=("A note.",),
    layout="one folder per class",
)


def test_counts() -> None:
    table = DATASET.counts()
    assert list(table.columns) == ["train", "validation", "test", "total"] and table.index.name == "class"
    assert table.loc["Bäume"].tolist() == [1, 0, 1, 2] and table.loc["cats"].tolist() == [2, 1, 0, 3]


def test_splits_and_paths() -> None:
    assert [photo.digest for photo in DATASET.of("train")] == ["a1", "b1", "b2"]
    assert DATASET.path(DATASET.photos[0]) == Path("/photos/Bäume/1.jpg")


def test_the_fingerprint_is_of_the_training_data_and_not_of_its_place() -> None:
    moved = tuple(dataclasses.replace(photo, path=f"x/{photo.digest}.jpg") for photo in reversed(DATASET.photos))
    same = dataclasses.replace(DATASET, root="/elsewhere", photos=moved, notes=(), left_out=(), passed_over=0)
    assert same.fingerprint == DATASET.fingerprint and len(DATASET.fingerprint) == 64
    first, *rest = DATASET.photos
    for change in ({"split": "validation"}, {"label": 1}, {"digest": "c9"}):
        other = dataclasses.replace(DATASET, photos=(dataclasses.replace(first, **change), *rest))
        assert other.fingerprint != DATASET.fingerprint
    assert dataclasses.replace(DATASET, photos=tuple(rest)).fingerprint != DATASET.fingerprint
    assert dataclasses.replace(DATASET, classes=("Baum", "cats")).fingerprint != DATASET.fingerprint


def test_the_file(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps(DATASET.to_dict()))
    assert Dataset.from_json(tmp_path / "dataset.json") == DATASET


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"root": 1, "classes": [], "photos": [1]}', "\0"])
def test_a_file_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(PhotosError) as caught:
        Dataset.from_json(tmp_path / "dataset.json")
    assert "dataset.json" in caught.value.what and "new run" in caught.value.fix
    with pytest.raises(PhotosError, match="cannot be read"):
        Dataset.from_json(tmp_path / "none.json")


def test_of_a_newer_file_what_is_unknown_is_ignored() -> None:
    assert Dataset.from_dict(DATASET.to_dict() | {"colour": "green"}) == DATASET
