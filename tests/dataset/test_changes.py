"""Photos that are not what they were: noticed, named, and what it means for the score."""

from pathlib import Path

from tests.dataset.pictures import photos
from transfer.dataset.changes import changes
from transfer.dataset.dataset import Dataset
from transfer.dataset.scan import scan


def checked(folder: Path, memory: Path | None = None) -> Dataset:
    for number, name in enumerate(("cats", "dogs")):
        photos(folder / name, 20, first=100 * number)
    return scan(folder, memory=memory)


def test_what_is_missing_or_changed_is_named_and_tests_nothing(tmp_path: Path) -> None:
    memory = tmp_path / "photos.sqlite"
    dataset = checked(tmp_path / "photos", memory)
    same = changes(dataset, memory)
    assert str(same) == "" and same.tested() is dataset
    gone, other, *rest = dataset.of("test")
    learned = dataset.of("train")[0]
    dataset.path(gone).unlink()
    for number, photo in enumerate((other, learned)):
        photos(tmp_path / f"new {number}", 1, first=500 + number)
        next((tmp_path / f"new {number}").iterdir()).replace(dataset.path(photo))
    found = changes(dataset, memory)
    assert (found.missing, set(found.changed)) == ((gone,), {other, learned})
    tests, trains = len(dataset.of("test")), len(dataset.of("train"))
    text = str(found)
    assert f"Of {tests} test photos 1 is missing and 1 is changed." in text
    assert f"The score is of {tests - 2} of {tests} test photos." in text
    assert f"Of {trains} train photos 1 is changed. What was seen of them before still counts" in text
    assert f"{gone.path} (missing)" in text and f"{learned.path} (changed)" in text
    tested = found.tested()
    assert tested.of("test") == tuple(rest)
    for split in ("train", "validation"):
        assert tested.of(split) == dataset.of(split)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    dataset = checked(tmp_path / "photos")
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    found = changes(dataset)
    assert len(found.missing) == len(dataset.photos) and not found.changed
    assert "There is nothing left to test the model with." in str(found)
    assert f" and {len(dataset.photos) - 5} more." in str(found)
