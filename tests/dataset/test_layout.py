"""What the folders mean: classes, splits, and everything that is passed over. Files may be empty, names count."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from transfer.dataset.layout import Layout, read_layout
from transfer.dataset.walk import MOST_LEVELS
from transfer.errors import PhotosError


def make(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return root


def shape(layout: Layout) -> dict[str | None, dict[str, int]]:
    return {split: {name: len(paths) for name, paths in each.items()} for split, each in layout.classes.items()}


def reasons(layout: Layout) -> dict[str, str]:
    return {each.path: each.reason for each in layout.left_out}


CLASSES = {"cats": 2, "dogs": 1}
TWO = ["cats/1.jpg", "cats/2.JPEG", "dogs/1.heic"]


@pytest.mark.parametrize("top", ["", "photos/", "a/b/", "a b/Ü/"])
def test_one_folder_per_class_at_any_level(tmp_path: Path, top: str) -> None:
    layout = read_layout(make(tmp_path, *(top + name for name in TWO)))
    assert shape(layout) == {None: CLASSES} and not layout.left_out
    assert layout.classes[None]["dogs"] == [f"{top}dogs/1.heic"]
    assert layout.description == "one folder per class" + (f" inside “{top[:-1]}”" if top else "")


@pytest.mark.parametrize("top", ["", "hymenoptera_data/", "x/y/"])
@pytest.mark.parametrize("train", ["train", "Train", "TRAINING", "training_set"])
@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val", "VALID", "Validation"])
def test_splits_in_any_case_at_any_level(tmp_path: Path, top: str, train: str, validation: str) -> None:
    folders = (train, validation)
    make(tmp_path, *(f"{top}{folder}/{name}" for folder in folders for name in TWO))
    assert shape(read_layout(tmp_path)) == {"train": CLASSES, "validation": CLASSES}
    layout = read_layout(make(tmp_path, *(f"{top}Test/{name}" for name in TWO)))
    assert shape(layout) == {"train": CLASSES, "validation": CLASSES, "test": CLASSES}
    assert all(folder in layout.description for folder in (*folders, "Test"))


def test_train_alone_and_train_with_test(tmp_path: Path) -> None:
    assert shape(read_layout(make(tmp_path, *(f"train/{name}" for name in TWO)))) == {"train": CLASSES}
    make(tmp_path, *(f"test/{name}" for name in TWO))
    assert shape(read_layout(tmp_path)) == {"train": CLASSES, "test": CLASSES}


def test_stray_files_and_folders_are_passed_over_and_counted(tmp_path: Path) -> None:
    make(tmp_path, *TWO, "__MACOSX/cats/._1.jpg", "__MACOSX/._2.jpg", ".DS_Store", "cats/.DS_Store", "cats/Thumbs.db")
    make(tmp_path, ".ipynb_checkpoints/cats/1.jpg", "cats/.ipynb_checkpoints/1.jpg", "README.txt", "dogs/labels.CSV")
    make(tmp_path, "dogs/no_ending", "dogs/.hidden.jpg", "dogs/desktop.ini")
    layout = read_layout(tmp_path)
    assert shape(layout) == {None: CLASSES} and not layout.left_out
    assert layout.passed_over == {"hidden": 6, ".db": 1, ".txt": 1, ".csv": 1, "no ending": 1, ".ini": 1}


def test_hidden_folders_beside_the_top_folder_of_a_zip(tmp_path: Path) -> None:
    make(tmp_path, "__MACOSX/data/train/cats/._1.jpg", ".git/x.jpg", "notes.txt", "data/readme.md", "data/info.json")
    layout = read_layout(make(tmp_path, *(f"data/{split}/{name}" for split in ("train", "val") for name in TWO)))
    assert shape(layout) == {"train": CLASSES, "validation": CLASSES} and sum(layout.passed_over.values()) == 5


def test_photos_in_folders_below_a_class_count_for_it(tmp_path: Path) -> None:
    layout = read_layout(make(tmp_path, *TWO, "cats/kittens/3.jpg", "cats/old/very old/4.jpg", "dogs/train/2.jpg"))
    assert shape(layout) == {None: {"cats": 4, "dogs": 2}}
    assert len(layout.notes) == 1 and "train" in layout.notes[0]


def test_classes_that_are_called_like_splits(tmp_path: Path) -> None:
    layout = read_layout(make(tmp_path, "train/1.jpg", "bus/1.jpg", "car/1.jpg"))
    assert shape(layout) == {None: {"train": 1, "bus": 1, "car": 1}}


def test_empty_classes_and_loose_photos_are_named(tmp_path: Path) -> None:
    layout = read_layout(make(tmp_path, *TWO, "birds/", "fish/readme.txt", "loose.jpg"))
    assert reasons(layout) == {
        "birds": "there are no photos in it",
        "fish": "there are no photos in it",
        "loose.jpg": "it lies in no class folder",
    }
    assert shape(layout) == {None: CLASSES}


def test_loose_photos_and_other_folders_beside_splits_are_named(tmp_path: Path) -> None:
    make(tmp_path, *(f"{split}/{name}" for split in ("train", "val") for name in TWO))
    layout = read_layout(make(tmp_path, "a.jpg", "train/b.jpg", "extra/cats/1.jpg", "test/c.jpg", "val/empty/"))
    assert shape(layout) == {"train": CLASSES, "validation": CLASSES}
    assert set(reasons(layout)) == {"a.jpg", "train/b.jpg", "extra", "test", "val/empty"}
    assert "1 photo" in reasons(layout)["test"]


def test_a_title_picture_beside_the_top_folder_of_a_zip(tmp_path: Path) -> None:
    layout = read_layout(make(tmp_path, "preview.jpg", *(f"data/{name}" for name in TWO)))
    assert shape(layout) == {None: CLASSES} and reasons(layout) == {"preview.jpg": "it lies in no class folder"}


def test_a_split_beside_a_folder_of_loose_photos(tmp_path: Path) -> None:
    make(tmp_path, *(f"dataset/{split}/{name}" for split in ("train", "test") for name in TWO))
    layout = read_layout(make(tmp_path, "single_prediction/cat_or_dog.jpg"))
    assert shape(layout) == {"train": CLASSES, "test": CLASSES} and set(reasons(layout)) == {"single_prediction"}


def test_links(tmp_path: Path) -> None:
    inside = make(tmp_path / "inside", *TWO)
    outside = make(tmp_path / "outside", "secret.jpg", "birds/1.jpg")
    (inside / "birds").symlink_to(outside / "birds")
    (inside / "dogs" / "secret.jpg").symlink_to(outside / "secret.jpg")
    (inside / "dogs" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    (inside / "dogs" / "itself.jpg").symlink_to("itself.jpg")
    (inside / "dogs" / "back").symlink_to(inside)
    (inside / "dogs" / "again.jpg").symlink_to(inside / "cats" / "1.jpg")
    layout = read_layout(inside, allowed=lambda path: path.resolve().is_relative_to(inside))
    assert shape(layout) == {None: {"cats": 2, "dogs": 2}}
    told = reasons(layout)
    assert "outside" in told["birds"] and "outside" in told["dogs/secret.jpg"]
    assert "not there" in told["dogs/gone.jpg"] and "not there" in told["dogs/itself.jpg"]
    assert "back" in told["dogs/back"] and len(told) == 5
    assert shape(read_layout(inside)) == {None: {"birds": 1, "cats": 2, "dogs": 3}}


def test_folders_in_folders_without_end(tmp_path: Path) -> None:
    """Deeper than Python itself can follow: made from the inside, for no path may be that long."""
    make(tmp_path, *TWO)
    before = Path.cwd()
    try:
        os.chdir(tmp_path / "cats")
        for _ in range(1500):
            os.mkdir("x")  # noqa: PTH102
            os.chdir("x")
        Path("deep.jpg").touch()
        os.chdir(before)
        layout = read_layout(tmp_path)
    finally:
        os.chdir(before)
        subprocess.run(["rm", "-r", tmp_path / "cats"], check=True)  # Python cannot follow to remove it either
    assert shape(layout) == {None: CLASSES}
    assert list(reasons(layout).values()) == [f"it lies more than {MOST_LEVELS} folders deep"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    make(tmp_path, *TWO)
    for name in (b"\xff.jpg", b"a.\xff"):
        (tmp_path / "dogs" / os.fsdecode(name)).touch()
    (tmp_path / os.fsdecode(b"class\xe9")).mkdir()
    layout = read_layout(tmp_path)
    assert shape(layout) == {None: CLASSES} and len(layout.left_out) == 2
    assert all("rename it" in each.reason for each in layout.left_out)
    "".join([*reasons(layout), *layout.passed_over]).encode()  # all of it can be shown and stored


def test_a_class_folder_that_cannot_be_opened(ordinary: Path) -> None:
    make(ordinary, *TWO, "birds/1.jpg")
    (ordinary / "birds").chmod(0)
    layout = read_layout(ordinary)
    (ordinary / "birds").chmod(0o700)
    assert shape(layout) == {None: CLASSES} and "cannot be opened" in reasons(layout)["birds"]


# ---------------------------------------------------------------------- no classes at all


def refused(root: Path) -> PhotosError:
    with pytest.raises(PhotosError) as caught:
        read_layout(root)
    assert caught.value.expected and caught.value.found and caught.value.fix
    return caught.value


def test_nothing_there(tmp_path: Path) -> None:
    assert "There is no folder" in refused(tmp_path / "none").what
    assert "There is no folder" in refused(tmp_path / "nul\0").what
    assert "cannot be opened" in refused(tmp_path / ("x" * 300)).what


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "photo.jpg", "photos.zip")
    assert "a file, not a folder" in refused(tmp_path / "photo.jpg").what
    assert "Upload the zip" in refused(tmp_path / "photos.zip").fix


def test_no_permission(ordinary: Path) -> None:
    make(ordinary, "locked/photos/cats/1.jpg")
    (ordinary / "locked").chmod(0)
    try:
        for path in (ordinary / "locked", ordinary / "locked" / "photos"):
            error = refused(path)
            assert "cannot be opened" in error.what and "denied" in error.found and "permission" in error.fix
    finally:
        (ordinary / "locked").chmod(0o700)


@pytest.mark.parametrize(
    ("names", "found", "fix"),
    [
        ([], "an empty folder", "one sub-folder per class"),
        (["cats/", "dogs/"], "only empty sub-folders", "one sub-folder per class"),
        (["a.txt", ".DS_Store"], "no photos; 2 other", "one sub-folder per class"),
        (["1.jpg", "2.jpg"], "2 photos directly in the folder", "choose the folder above"),
        (["train/1.jpg", "val/1.jpg"], "photos directly in them", "one sub-folder per class"),
        (["val/cats/1.jpg", "val/dogs/1.jpg", "test/cats/1.jpg"], "no train folder", "Add a train folder"),
    ],
)
def test_no_classes(tmp_path: Path, names: list[str], found: str, fix: str) -> None:
    error = refused(make(tmp_path / "photos", "../photos/", *names))
    assert found in error.found and fix in error.fix and "No classes" in error.what
