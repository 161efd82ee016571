"""What people decide about single photos holds for every later look at the folder, and never touches it."""

from __future__ import annotations

import dataclasses
import os
import zipfile
from pathlib import Path

import pytest

from tests.dataset.pictures import noise, photos
from transfer.dataset.corrected_copy import write_copy
from transfer.dataset.corrections import KEEP, LEAVE_OUT, MOVE, Correction, Corrections, in_words
from transfer.dataset.dataset import Dataset
from transfer.dataset.scan import scan
from transfer.errors import PhotosError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("cats", "dogs")):
        photos(tmp_path / "photos" / name, 12, first=100 * number)
    return tmp_path / "photos"


def of(folder: Path) -> Corrections:
    return Corrections(folder.parent / "corrections", folder)


def decide(folder: Path, dataset: Dataset, numbers: list[int], act: str, to: str = "") -> None:
    chosen = [dataset.photos[number] for number in numbers]
    of(folder).add(Correction(each.path, each.digest, act, to) for each in chosen)


def test_photos_are_moved_and_left_out_and_all_others_stay_in_their_split(folder: Path) -> None:
    before = scan(folder)
    decide(folder, before, [0, 1], MOVE, "dogs")
    decide(folder, before, [2], LEAVE_OUT)
    decide(folder, before, [3], KEEP)
    after = scan(folder, corrections=of(folder))
    splits = {photo.path: photo.split for photo in before.photos}
    assert {photo.path: photo.split for photo in after.photos} == {
        path: split for path, split in splits.items() if path != before.photos[2].path
    }
    labels = {photo.path: after.classes[photo.label] for photo in after.photos}
    assert [path for path, name in labels.items() if not path.startswith(name)] == [
        photo.path for photo in before.photos[:2]
    ]
    assert [each.path for each in after.left_out] == [before.photos[2].path]
    assert in_words(after.corrections) == "3 corrections: 2 moved, 1 left out"
    assert Dataset.from_dict(after.to_dict()) == after and after.fingerprint != before.fingerprint
    assert sorted(path.name for path in (folder / "cats").iterdir()) == sorted(
        Path(photo.path).name for photo in before.photos if photo.label == 0
    )


def test_a_decision_is_taken_back_and_the_last_one_counts(folder: Path) -> None:
    plain = scan(folder)
    decide(folder, plain, [0, 1], LEAVE_OUT)
    decide(folder, plain, [0], MOVE, "dogs")
    of(folder).undo([plain.photos[1].digest])
    assert [(each.act, each.to) for each in of(folder).all.values()] == [(MOVE, "dogs")]
    of(folder).undo()
    assert not of(folder).all and scan(folder, corrections=of(folder)) == plain
    assert len(of(folder).file.read_text().split("\n\n")) == 4, "nothing is written over"


def test_a_changed_photo_is_not_corrected_and_a_copy_is(folder: Path) -> None:
    before = scan(folder)
    decide(folder, before, [0, 1], MOVE, "dogs")
    noise(999).save(folder / before.photos[0].path)
    copy = folder / "cats" / "the same once more.png"
    copy.write_bytes((folder / before.photos[1].path).read_bytes())
    after = scan(folder, corrections=of(folder))
    assert {each.path for each in after.corrections} == {before.photos[1].path, "cats/the same once more.png"}


def test_a_torn_or_foreign_line_is_passed_over(folder: Path) -> None:
    plain = scan(folder)
    decide(folder, plain, [0], LEAVE_OUT)
    with of(folder).file.open("a") as file:
        file.write('\n[1]\n{"act": "move"}\n{"path": "cats/0')
    decide(folder, plain, [1], LEAVE_OUT)
    assert len(of(folder).all) == 2


def test_a_class_that_is_corrected_away_is_left_out_or_said_to_be_missing(folder: Path) -> None:
    photos(folder / "owls", 4, first=900)
    before = scan(folder)
    decide(folder, before, [n for n, photo in enumerate(before.photos) if photo.label == 2], MOVE, "dogs")
    after = scan(folder, corrections=of(folder))
    assert after.classes == ("cats", "dogs") and "owls" in {each.path for each in after.left_out}
    assert len(after.photos) == len(before.photos)
    decide(folder, before, [n for n, photo in enumerate(before.photos) if photo.label == 1], LEAVE_OUT)
    decide(folder, before, [n for n, photo in enumerate(before.photos) if photo.label == 0], MOVE, "dogs")
    with pytest.raises(PhotosError, match="Undo some"):
        scan(folder, corrections=of(folder))


def test_copies_that_were_found_are_remembered_once(folder: Path) -> None:
    of(folder).add_copies([("a", "b"), ("a", "b")])
    of(folder).add_copies([("a", "b"), ("c", "d")])
    assert of(folder).copies == [("a", "b"), ("c", "d")]


def test_a_corrected_copy_is_the_corrected_dataset(folder: Path, tmp_path: Path) -> None:
    decide(folder, scan(folder), [0], MOVE, "dogs")
    (folder / "dogs" / "sub").mkdir()
    noise(77).save(folder / "dogs" / "sub" / "000100.png")
    corrected = scan(folder, corrections=of(folder))
    write_copy(corrected, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as zipped:
        zipped.extractall(tmp_path / "copy")
    again = scan(tmp_path / "copy")
    assert again.fingerprint != scan(folder).fingerprint
    assert {(again.classes[p.label], p.digest) for p in again.photos} == {
        (corrected.classes[p.label], p.digest) for p in corrected.photos
    }


def test_a_copy_keeps_the_folders_that_say_what_is_for_the_test(folder: Path, tmp_path: Path) -> None:
    for split, first in (("train", 0), ("val", 300), ("test", 600)):
        for number, name in enumerate(("cats", "dogs")):
            photos(tmp_path / "split" / split / name, 4, first=first + 50 * number)
    dataset = scan(tmp_path / "split")
    write_copy(dataset, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as zipped:
        zipped.extractall(tmp_path / "copy")
    assert dataclasses.replace(scan(tmp_path / "copy"), root="") == dataclasses.replace(dataset, root="")


def names_of(dataset: Dataset, file: Path) -> list[str]:
    write_copy(dataset, file)
    with zipfile.ZipFile(file) as zipped:
        return sorted(zipped.namelist())


@pytest.mark.parametrize("given", [("train", "val"), ("train", "test")])
def test_a_copy_keeps_the_folder_of_photos_that_were_dealt_out_of_it(tmp_path: Path, given: tuple[str, str]) -> None:
    for side, split in enumerate(given):
        for number, name in enumerate(("cats", "dogs")):
            photos(tmp_path / "split" / split / name / "deeper", 8, first=300 * side + 50 * number)
    dataset = scan(tmp_path / "split")
    assert {photo.split for photo in dataset.photos} == {"train", "validation", "test"}
    expected = sorted(photo.path.replace("deeper/", "") for photo in dataset.photos)
    assert names_of(dataset, tmp_path / "copy.zip") == expected


def test_a_class_that_is_called_like_a_split_is_none_in_a_copy(folder: Path, tmp_path: Path) -> None:
    (folder / "cats").rename(folder / "train")
    before = scan(folder)
    moved = next(
        n for n, photo in enumerate(before.photos) if photo.path.startswith("train/") and photo.split == "train"
    )
    decide(folder, before, [moved], MOVE, "dogs")
    names = names_of(scan(folder, corrections=of(folder)), tmp_path / "copy.zip")
    assert {name.split("/")[0] for name in names} == {"train", "dogs"} and all(name.count("/") == 1 for name in names)


def test_a_copy_has_every_photo_once_whatever_it_is_called_and_dated(folder: Path, tmp_path: Path) -> None:
    for number, path in enumerate(("cats/a.png", "cats/a (2).png", "dogs/a.png")):
        noise(900 + number).save(folder / path)
    os.utime(folder / "cats" / "a.png", (0, 0))  # 1970, which no zip can say
    before = scan(folder)
    decide(folder, before, [n for n, photo in enumerate(before.photos) if photo.path == "cats/a.png"], MOVE, "dogs")
    decide(folder, before, [n for n, photo in enumerate(before.photos) if photo.path == "dogs/a.png"], MOVE, "cats")
    (folder / "cats" / "deeper").mkdir()
    noise(950).save(folder / "cats" / "deeper" / "A.png")
    names = names_of(scan(folder, corrections=of(folder)), tmp_path / "copy.zip")
    assert len(names) == len({name.casefold() for name in names}) == 28
