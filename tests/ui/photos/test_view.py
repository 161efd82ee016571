"""What the page says of a checked folder: counts, sheets of real photos, what was left out, hostile names."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import HOSTILE, read
from transfer.dataset.dataset import Dataset, LeftOut, Photo
from transfer.dataset.scan import scan
from transfer.processes.photo_reader import PhotoReader
from transfer.ui.photos import view
from transfer.ui.shared.checking import CheckProgress, checking_bar

ODD = HOSTILE.replace("/", "∕")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A real folder with odd names and a torn photo."""
    folder = tmp_path_factory.mktemp("photos") / f"my {ODD}"
    rng = np.random.default_rng(0)
    for name, count in {"cat": 12, ODD: 6}.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    (folder / "cat" / f"torn {ODD}.png").write_bytes(b"\x89PNG")
    return scan(folder)


def made(classes: int, photos: int = 3, left_out: int = 0) -> Dataset:
    return Dataset(
        root="/photos",
        classes=tuple(f"kind {n:02d}" for n in range(classes)),
        photos=tuple(Photo(f"{n}/{i}.jpg", n, "train", f"{n}{i}") for n in range(classes) for i in range(photos)),
        left_out=tuple(LeftOut(f"{n}.jpg", f"reason {n % 2} of <two>") for n in range(left_out)),
    )


def test_a_checked_folder(checked: Dataset) -> None:
    page = read(view.found(checked))
    assert "18photos2classes" in page.text
    assert page.text.count(" ".join(ODD.split())) >= 2, "in the path and in the table"
    rows = re.findall(r"<tr><th.*?</tr>", view.table(checked))[1:]
    numbers = [[int(cell) for cell in re.findall(r"<td>(?:<b>)?(\d+)", row)] for row in rows]
    assert numbers == [[*row] for row in checked.counts().to_numpy()]
    assert view.PURPOSES["test"] in page.text


def test_notes_are_text() -> None:
    dataset = made(2)
    assert view.notes(dataset) == ""
    noted = Dataset(**{**dataset.__dict__, "notes": (HOSTILE,), "layout": HOSTILE})
    assert read(view.notes(noted)).text.count("alert(1)") == 2


def test_sheets_of_photos_say_whose_they_are(checked: Dataset, photos: PhotoReader) -> None:
    page = read(view.sheets(checked, photos.contact_sheets))
    assert page.having("alt") == [f"Photos of the class {name}" for name in checked.classes]


def test_what_was_left_out(checked: Dataset) -> None:
    page = read(view.left_out(checked))
    assert " ".join(f"cat/torn {ODD}.png".split()) in page.text
    assert "Left out: 1, and why" in page.text


def test_much_that_was_left_out_is_named_under_its_reason_and_counted() -> None:
    assert view.left_out(made(2)) == ""
    dataset = made(2, left_out=view.NAMED + 5)
    page = read(view.left_out(dataset))
    assert page.text.count("Reason 0 of <two>") == page.text.count("Reason 1 of <two>") == 1
    assert page.text.count(".jpg") == view.NAMED
    assert page.text.endswith("… and 5 more.")
    assert f"Left out: {view.NAMED + 5} photos or folders, and why" in page.text


@pytest.mark.parametrize("classes", [2, 12, 13, 40])
def test_many_classes_come_in_pages(classes: int) -> None:
    dataset = made(classes)
    assert read(view.table(dataset)).text.count("kind") == classes
    pages = view.pages(dataset)
    assert [number for _, number in pages] == list(range(-(-classes // view.SHEETS)))
    assert pages[0][0].startswith("kind 00 … ")
    assert pages[-1][0].endswith(f"kind {classes - 1:02d}")


def test_no_photos_at_all_is_no_division_by_zero() -> None:
    read(view.found(made(2, photos=0)))
    assert view.sheets(made(2), lambda sheets: [], page=9) == '<div class="t-sheets"></div>'


@pytest.mark.parametrize(
    ("state", "now"),
    [
        (None, "0"),
        (CheckProgress(0, 0, 0.0), "0"),
        (CheckProgress(30, 120, 3.0), "25"),
        (CheckProgress(9, 9, 1), "100"),
    ],
)
def test_progress_of_a_check(state: CheckProgress | None, now: str) -> None:
    page = read(checking_bar(HOSTILE, state))
    assert page.having("aria-valuenow") == [now]
    assert page.having("aria-label") == [HOSTILE], "a bar has a name"
    if state and state.done == 30:
        assert "30 of 120 photos, about 9 s left" in page.text


def test_words_before_and_after() -> None:
    assert "sub-folder for each kind" in read(view.nothing_yet()).text
    assert "Stopped." in read(view.stopped()).text


def test_a_photo_that_went_away_does_not_break_the_sheet(tmp_path: Path, photos: PhotoReader) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("RGB", (9, 9), (60 * number, 0, ord(name))).save(tmp_path / name / f"{number}.png")
    dataset = scan(tmp_path)
    for photo in (tmp_path / "a").iterdir():
        photo.unlink()
    assert len(read(view.sheets(dataset, photos.contact_sheets)).having("alt")) == 2
