"""From a folder to a checked, split dataset: what is used, what is left out and why, and which error when."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from tests.dataset.pictures import noise, photos
from transfer.dataset.dataset import Dataset
from transfer.dataset.roots import Roots
from transfer.dataset.scan import scan
from transfer.errors import PhotosError


def classes(root: Path, first: int = 0, **counts: int) -> Path:
    """A folder of classes with so many photos each, all different from each other."""
    for number, (name, count) in enumerate(counts.items()):
        photos(root / name, count, first=first + number * 1000)
    return root


def reasons(dataset: Dataset) -> dict[str, str]:
    return {each.path: each.reason for each in dataset.left_out}


def row(dataset: Dataset, name: str) -> tuple[int, int, int]:
    counts = dataset.counts().loc[name]
    return int(counts["train"]), int(counts["validation"]), int(counts["test"])


def test_no_split_given(tmp_path: Path) -> None:
    dataset = scan(classes(tmp_path, cats=40, dogs=20))
    assert dataset.classes == ("cats", "dogs") and not dataset.left_out and dataset.passed_over == 0
    assert row(dataset, "cats") == (28, 6, 6) and row(dataset, "dogs") == (14, 3, 3)
    assert "70 %" in dataset.notes[0] and "seed 0" in dataset.notes[0]
    assert all(dataset.path(photo).is_file() for photo in dataset.photos)
    assert [photo.path for photo in dataset.photos] == sorted(photo.path for photo in dataset.photos)
    assert all(dataset.classes[photo.label] == photo.path.split("/")[0] for photo in dataset.photos)


def test_the_same_photos_and_seed_give_the_same_split(tmp_path: Path) -> None:
    one = scan(classes(tmp_path / "one", cats=30, dogs=30), seed=7)
    assert scan(tmp_path / "one", seed=7) == one != scan(tmp_path / "one", seed=8)
    for path in sorted((tmp_path / "one").rglob("*.png")):  # renamed and moved, it is still the same data
        (tmp_path / "two" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "two" / path.parent.name / f"renamed {9999 - int(path.stem)}.png")
    two = scan(tmp_path / "two", seed=7)
    assert two.fingerprint == one.fingerprint
    assert {photo.digest: photo.split for photo in two.photos} == {photo.digest: photo.split for photo in one.photos}


def test_exact_copies_stay_on_one_side(tmp_path: Path) -> None:
    classes(tmp_path, cats=30, dogs=30)
    for path in sorted((tmp_path / "cats").iterdir())[::2]:
        shutil.copy(path, path.with_name(f"copy of {path.name}"))
        (tmp_path / "cats" / "more").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "cats" / "more" / path.name)
    for seed in range(5):
        sides: dict[str, set[str]] = {}
        for photo in scan(tmp_path, seed=seed).photos:
            sides.setdefault(photo.digest, set()).add(photo.split)
        assert len(sides) == 60 and all(len(each) == 1 for each in sides.values())


def test_small_classes_fill_up_in_order_and_the_gaps_are_named(tmp_path: Path) -> None:
    dataset = scan(classes(tmp_path, many=20, three=3, two=2))
    assert row(dataset, "three") == (1, 1, 1) and row(dataset, "two") == (1, 1, 0)
    [note] = [note for note in dataset.notes if note.startswith("Without test photos")]
    assert note.endswith(": two.")


def test_a_class_too_small_is_left_out_by_name(tmp_path: Path) -> None:
    classes(tmp_path, cats=5, dogs=5, one=1, none=0, copies=1, broken=3)
    shutil.copy(next((tmp_path / "copies").iterdir()), tmp_path / "copies" / "b.png")
    for path in (tmp_path / "broken").iterdir():
        path.write_bytes(b"")
    dataset = scan(tmp_path)
    told = reasons(dataset)
    assert dataset.classes == ("cats", "dogs")
    assert "only one photo" in told["one"] and "1 exact cop" in told["copies"] and "no photos" in told["none"]
    assert "no photo of it" in told["broken"]
    assert sum("the file is empty" in reason for reason in told.values()) == 3


def test_what_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    classes(tmp_path, cats=6, dogs=6)
    cut = tmp_path / "cats" / "0000.png"
    cut.write_bytes(cut.read_bytes()[:70])
    (tmp_path / "dogs" / "page.jpg").write_text("<html>Not found</html>")
    (tmp_path / "dogs" / "folder.jpg").mkdir()
    dataset = scan(tmp_path)
    assert len(dataset.photos) == 11
    assert "cut short" in reasons(dataset)["cats/0000.png"] and "web page" in reasons(dataset)["dogs/page.jpg"]
    assert {photo.path for photo in dataset.photos}.isdisjoint(reasons(dataset))


def test_identical_photos_under_two_labels_are_named_and_all_left_out(tmp_path: Path) -> None:
    classes(tmp_path, cats=6, dogs=6)
    shutil.copy(tmp_path / "cats" / "0002.png", tmp_path / "dogs" / "same.png")
    dataset = scan(tmp_path)
    assert len(dataset.photos) == 11
    assert reasons(dataset) == {
        "cats/0002.png": "the identical photo is also in “dogs”: dogs/same.png",
        "dogs/same.png": "the identical photo is also in “cats”: cats/0002.png",
    }


# ---------------------------------------------------------------------- given splits


def test_half_of_validation_becomes_the_test_and_the_page_says_so(tmp_path: Path) -> None:
    classes(tmp_path / "Train", cats=10, dogs=8)
    classes(tmp_path / "VAL", first=5000, cats=6, dogs=4)
    dataset = scan(tmp_path, seed=3)
    assert row(dataset, "cats") == (10, 3, 3) and row(dataset, "dogs") == (8, 2, 2)
    assert any("half of the validation photos" in note and "seed 3" in note for note in dataset.notes)
    assert all(photo.path.startswith("Train") == (photo.split == "train") for photo in dataset.photos)
    tested = {seed: {photo.path for photo in scan(tmp_path, seed=seed).of("test")} for seed in range(4)}
    assert len({frozenset(paths) for paths in tested.values()}) > 1 and scan(tmp_path, seed=3) == dataset


def test_a_whole_given_split_is_kept(tmp_path: Path) -> None:
    for number, (split, count) in enumerate({"train": 5, "valid": 3, "test": 2}.items()):
        classes(tmp_path / "top" / split, first=number * 5000, cats=count, dogs=count)
    dataset = scan(tmp_path)
    assert row(dataset, "cats") == row(dataset, "dogs") == (5, 3, 2) and dataset.notes == ()
    assert "train" in dataset.layout and "valid" in dataset.layout and "top" in dataset.layout


def test_train_alone_or_with_test(tmp_path: Path) -> None:
    classes(tmp_path / "train", cats=20, dogs=20)
    assert row(scan(tmp_path), "cats") == (14, 3, 3)
    classes(tmp_path / "test", first=5000, cats=4, dogs=4)
    dataset = scan(tmp_path)
    assert row(dataset, "cats") == (17, 3, 4) and "No validation photos were given" in dataset.notes[0]


def test_copies_across_given_splits_stay_in_train_and_are_named(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "validation", "test")):
        classes(tmp_path / split, first=number * 5000, cats=5, dogs=5)
    shutil.copy(tmp_path / "train" / "cats" / "0000.png", tmp_path / "validation" / "cats" / "again.png")
    shutil.copy(tmp_path / "train" / "cats" / "0000.png", tmp_path / "test" / "cats" / "again.png")
    shutil.copy(tmp_path / "validation" / "dogs" / "6000.png", tmp_path / "test" / "dogs" / "again.png")
    shutil.copy(tmp_path / "train" / "dogs" / "1000.png", tmp_path / "train" / "dogs" / "beside.png")
    dataset = scan(tmp_path)
    assert row(dataset, "cats") == (5, 5, 5) and row(dataset, "dogs") == (6, 5, 5)
    told = reasons(dataset)
    assert set(told) == {"validation/cats/again.png", "test/cats/again.png", "test/dogs/again.png"}
    assert all("train/cats/0000.png" in told[f"{split}/cats/again.png"] for split in ("validation", "test"))
    assert "kept in train only" in told["test/cats/again.png"]
    assert "kept in validation only" in told["test/dogs/again.png"]


def test_a_class_without_training_photos_is_named(tmp_path: Path) -> None:
    classes(tmp_path / "train", cats=4, dogs=4)
    classes(tmp_path / "val", first=5000, cats=4, dogs=4, val=3, Dogs=2)
    dataset = scan(tmp_path)
    assert dataset.classes == ("cats", "dogs")
    told = reasons(dataset)
    assert set(told) == {"val/val", "val/Dogs"}
    assert "(3 photos)" in told["val/val"] and "spelled differently" in told["val/Dogs"]


def test_classes_without_validation_photos_are_named(tmp_path: Path) -> None:
    classes(tmp_path / "train", cats=4, dogs=4, birds=4)
    classes(tmp_path / "val", first=5000, cats=4, dogs=1)
    dataset = scan(tmp_path)
    assert row(dataset, "birds") == (4, 0, 0) and row(dataset, "dogs") == (4, 1, 0)
    notes = {note.split(",")[0]: note for note in dataset.notes}
    assert notes["Without validation photos"].endswith(": birds.")
    assert notes["Without test photos"].endswith(": birds, dogs.")


def test_validation_photos_that_cannot_be_read_are_as_none(tmp_path: Path) -> None:
    classes(tmp_path / "train", cats=20, dogs=20)
    classes(tmp_path / "val", first=5000, cats=2, dogs=2)
    for path in (tmp_path / "val").rglob("*.png"):
        path.write_bytes(b"")
    dataset = scan(tmp_path)
    assert row(dataset, "cats") == (14, 3, 3) and len(dataset.left_out) == 4


# ---------------------------------------------------------------------- memory, links, progress


def test_the_second_scan_remembers_the_first(tmp_path: Path) -> None:
    folder, memory = classes(tmp_path / "photos", cats=5, dogs=5), tmp_path / "memory.sqlite"
    first = scan(folder, memory=memory)
    for path in folder.rglob("*.png"):
        stat = path.stat()
        path.write_bytes(bytes(stat.st_size))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert scan(folder, memory=memory) == first
    with pytest.raises(PhotosError):
        scan(folder)


def test_links_out_of_the_roots_are_not_followed(tmp_path: Path) -> None:
    folder = classes(tmp_path / "root", cats=4, dogs=4)
    classes(tmp_path / "outside", first=5000, birds=4)
    (folder / "birds").symlink_to(tmp_path / "outside" / "birds")
    assert scan(folder).classes == ("birds", "cats", "dogs")
    dataset = scan(folder, roots=Roots([folder]))
    assert dataset.classes == ("cats", "dogs") and "outside" in reasons(dataset)["birds"]


def test_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    scan(classes(tmp_path, cats=5, dogs=5), progress=lambda *numbers: told.append(numbers))
    assert told[0][0] == 0 and told[-1] == (10, 10)


def test_passed_over_files_are_counted_in_a_note(tmp_path: Path) -> None:
    classes(tmp_path, cats=4, dogs=4)
    for name in (".DS_Store", "cats/Thumbs.db", "readme.txt", "__MACOSX/x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    dataset = scan(tmp_path)
    assert dataset.passed_over == 4 and "4 files or folders" in dataset.notes[-1] and "2 hidden" in dataset.notes[-1]


# ---------------------------------------------------------------------- errors


def refused(root: Path) -> PhotosError:
    with pytest.raises(PhotosError) as caught:
        scan(root)
    assert caught.value.what and caught.value.expected and caught.value.found and caught.value.fix
    return caught.value


def test_fewer_than_two_classes(tmp_path: Path) -> None:
    error = refused(classes(tmp_path / "one", cats=5))
    assert "Fewer than two classes" in error.what and "cats: 5 of 5 photos" in error.found
    error = refused(classes(tmp_path / "small", cats=5, dogs=1))
    assert "dogs: 1 of 1 photo can" in error.found and "Add more photos" in error.fix
    classes(tmp_path / "broken", cats=5, dogs=2)
    for path in (tmp_path / "broken" / "dogs").iterdir():
        path.write_bytes(b"")
    error = refused(tmp_path / "broken")
    assert "dogs: 0 of 2" in error.found and "the file is empty" in error.found and "cannot be read" in error.fix
    for name in ("a", "b"):  # the same photos under both labels
        photos(tmp_path / "same" / name, 4)
    assert "a: 0 of 4" in refused(tmp_path / "same").found


def test_missing_empty_and_no_folder(tmp_path: Path) -> None:
    assert "There is no folder" in refused(tmp_path / "none").what
    (tmp_path / "empty").mkdir()
    assert "an empty folder" in refused(tmp_path / "empty").found
    (tmp_path / "file.jpg").touch()
    assert "not a folder" in refused(tmp_path / "file.jpg").what


def test_no_permission(ordinary: Path) -> None:
    classes(ordinary / "photos", cats=3, dogs=3, birds=3)
    (ordinary / "photos" / "birds").chmod(0)
    (ordinary / "photos" / "cats" / "0000.png").chmod(0)
    dataset = scan(ordinary / "photos")
    assert dataset.classes == ("cats", "dogs")
    assert "cannot be opened" in reasons(dataset)["birds"]
    assert "no permission" in reasons(dataset)["cats/0000.png"]
    (ordinary / "photos").chmod(0)
    assert "permission" in refused(ordinary / "photos").fix
    (ordinary / "photos").chmod(0o700)
    (ordinary / "photos" / "birds").chmod(0o700)


def test_every_kind_of_damage_at_once(tmp_path: Path) -> None:
    classes(tmp_path, cats=4, dogs=4)
    whole = tmp_path / "whole.jpg"
    noise(77, 90, 70).save(whole)
    content = whole.read_bytes()
    whole.unlink()
    for number, damaged in enumerate([b"", bytes(900), content[: len(content) // 2], content[:3], b"<html>", b"text"]):
        for ending in (".jpg", ".png", ".webp", ".heic", ".tif", ".gif", ".bmp"):
            (tmp_path / "cats" / f"bad{number}{ending}").write_bytes(damaged)
    dataset = scan(tmp_path)
    assert len(dataset.photos) == 8 and len(dataset.left_out) == 42
    assert all(each.reason and "\n" not in each.reason for each in dataset.left_out)
    assert len(Counter(each.reason for each in dataset.left_out)) >= 5


def test_real_photos_with_real_problems() -> None:
    """Photos as people have them: a class of one photo, others turned by their EXIF or PNGs under odd names."""
    place = os.environ.get("TRANSFER_SHARED_PHOTOS")
    if not place:
        pytest.skip("TRANSFER_SHARED_PHOTOS names no folder with messy_real in it")
    folder = Path(place) / "messy_real"
    listed = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    dataset = scan(folder)
    used = {photo.path for photo in dataset.photos}
    named = {each.path for each in dataset.left_out}
    assert used and listed == used | {path for path in listed if path in named or path.split("/")[0] in named}
    assert used.isdisjoint(named) and isinstance(dataset.counts(), pd.DataFrame)
    for path in folder.iterdir():
        assert path.name in dataset.classes or path.name in named
