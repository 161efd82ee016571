"""The folder browser: what it lists, where it may go, and names that try to be HTML."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.ui.conftest import HOSTILE, read
from transfer.dataset.roots import Roots
from transfer.errors import PhotosError
from transfer.ui.photos import folders

ODD = HOSTILE.replace("/", "∕")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("b", "A", ODD, ".hidden", "c/d"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "root" / "photo.jpg").touch()
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "root"


def test_it_begins_with_the_roots(root: Path, tmp_path: Path) -> None:
    for nothing in ("", "  "):
        page = read(folders.listing(Roots([root, tmp_path / "elsewhere"]), nothing))
        assert page.having("data-place") == [str(root), str(tmp_path / "elsewhere")]


def test_visible_folders_are_listed_with_their_names_as_they_are(root: Path) -> None:
    page = read(folders.listing(Roots([root]), str(root)))
    assert page.having("data-place") == ["", *(str(root / name) for name in (ODD, "A", "b", "c"))]
    assert " ".join(ODD.split()) in page.text
    assert "hidden" not in page.text
    assert "photo.jpg" not in page.text
    assert {attributes.get("type") for tag, attributes in page.tags if tag == "button"} == {"button"}


def test_every_place_listed_can_be_listed(root: Path) -> None:
    roots, seen, todo = Roots([root]), set(), [""]
    while todo:
        place = todo.pop()
        seen.add(place)
        todo += set(read(folders.listing(roots, place)).having("data-place")) - seen - set(todo)
    assert seen == {"", str(root), *(str(root / name) for name in (ODD, "A", "b", "c", "c/d"))}


def test_the_way_back(root: Path, tmp_path: Path) -> None:
    roots = Roots([tmp_path, root])
    page = read(folders.listing(roots, str(root / "c" / "d")))
    assert page.having("data-place") == ["", str(root), str(root / "c")], "from the nearest root"
    assert "No folders in here." in page.text


@pytest.mark.parametrize("place", ["..", "../elsewhere", "b/../../elsewhere", "/", "~", "missing", "photo.jpg", "a\0b"])
def test_it_stays_inside(root: Path, place: str) -> None:
    with pytest.raises(PhotosError):
        folders.listing(Roots([root]), place if place.startswith(("/", "~")) else str(root / place))


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
def test_links_out_of_the_roots_are_not_listed(root: Path, tmp_path: Path) -> None:
    (root / "way out").symlink_to(tmp_path / "elsewhere")
    assert "way out" not in folders.listing(Roots([root]), str(root))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have names that are no text")
def test_a_name_that_is_no_text_does_not_break_the_list(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9")).mkdir()
    html = folders.listing(Roots([root]), str(root))
    html.encode()
    page = read(html)
    assert "caf\ufffd" in page.text
    assert len(page.having("data-place")) == 5, "it cannot be told back, so it is no button"


def test_a_crowd_is_cut_short(root: Path) -> None:
    for number in range(folders.SHOWN + 7):
        (root / "c" / "d" / f"{number:04d}").mkdir()
    page = read(folders.listing(Roots([root]), str(root / "c" / "d")))
    assert "… and 7 more: type the path instead." in page.text
