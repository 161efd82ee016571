"""The folders that may be opened, and every way around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from transfer.dataset.roots import Roots
from transfer.errors import PhotosError


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    for name in ("root/photos/cats", "root/Another", "root/.hidden", "root2/secret", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "root" / "file.txt").touch()
    return Roots([tmp_path / "root"])


def test_inside(roots: Roots, tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert roots.confine(root) == root and roots.confine(f" {root}/photos/../photos/cats/ ") == root / "photos" / "cats"
    assert roots.confine(root / "not there yet") == root / "not there yet"
    (root / "link").symlink_to(root / "photos")
    assert roots.confine(root / "link") == root / "photos"


@pytest.mark.parametrize(
    "path",
    ["root/..", "root/../root2", "root2", "root2/secret", "root/photos/../../elsewhere", "", "/", "/etc", "nul\0"],
)
def test_outside(roots: Roots, tmp_path: Path, path: str) -> None:
    for what in {str(tmp_path / path) if path else "/", "~nobody-of-this-name/x", "../../../../etc"}:
        assert not roots.allows(Path(what))
        with pytest.raises(PhotosError) as caught:
            roots.confine(what)
        assert str(tmp_path / "root") in caught.value.expected and "--root" in caught.value.fix


def test_links_out(roots: Roots, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "out").symlink_to(tmp_path / "root2")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    for path in (root / "out", root / "out" / "secret", root / "up", root / "up" / "elsewhere"):
        with pytest.raises(PhotosError, match="outside"):
            roots.confine(path)
    assert [path.name for path in roots.children(root)] == ["Another", "photos"]


def test_no_path_at_all(roots: Roots) -> None:
    with pytest.raises(PhotosError, match="No folder was chosen"):
        roots.confine("  ")


def test_a_root_may_be_a_link_and_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "real" / "photos").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    roots = Roots([tmp_path / "link", tmp_path / "real", str(tmp_path / "real")])
    assert roots.folders == (tmp_path / "real",)
    assert roots.confine(tmp_path / "link" / "photos") == tmp_path / "real" / "photos"


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Roots(["~"]).confine("~/photos") == tmp_path / "photos"


def test_children_that_cannot_be_listed(roots: Roots, tmp_path: Path) -> None:
    for path in (tmp_path / "root" / "gone", tmp_path / "root" / "file.txt"):
        with pytest.raises(PhotosError, match="cannot be opened"):
            roots.children(path)


def test_children_without_permission(ordinary: Path) -> None:
    (ordinary / "locked").mkdir(mode=0)
    with pytest.raises(PhotosError) as caught:
        Roots([ordinary]).children(ordinary / "locked")
    assert "denied" in caught.value.found and "permission" in caught.value.fix
