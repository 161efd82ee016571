"""Uploaded zips: photos come out as they went in, and nothing that means harm gets past the check."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dataset.pictures import noise, photos
from transfer.dataset.archive import DEFAULT_LIMITS, Limits, unpack
from transfer.dataset.scan import scan
from transfer.errors import PhotosError


def pack(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def refused(path: Path, into: Path, limits: Limits = DEFAULT_LIMITS) -> PhotosError:
    """The error; and nothing may be left behind, inside the folder or beside it."""
    before = sorted(into.parent.rglob("*"))
    with pytest.raises(PhotosError) as caught:
        unpack(path, into, limits)
    assert sorted(into.parent.rglob("*")) in (before, sorted([*before, into]))
    assert caught.value.what and caught.value.found and caught.value.fix
    return caught.value


def test_a_zip_of_photos_becomes_classes(tmp_path: Path) -> None:
    for name in ("cats", "Bäume", "犬"):
        photos(tmp_path / "mine" / name, 3, first=sum(name.encode()))
    with zipfile.ZipFile(tmp_path / "My photos.zip", "w") as archive:
        for path in sorted((tmp_path / "mine").rglob("*")):
            archive.write(path, path.relative_to(tmp_path))
    told: list[tuple[int, int]] = []
    folder = unpack(tmp_path / "My photos.zip", tmp_path / "in", progress=lambda *numbers: told.append(numbers))
    assert folder == tmp_path / "in" / "My photos" and told[-1][0] == told[-1][1] >= 9
    assert sorted(path.name for path in (folder / "mine").iterdir()) == sorted(["cats", "Bäume", "犬"])
    for path in (tmp_path / "mine").rglob("*.png"):
        assert (folder / path.relative_to(tmp_path)).read_bytes() == path.read_bytes()
    assert scan(folder).classes == ("Bäume", "cats", "犬")
    again = unpack(tmp_path / "My photos.zip", tmp_path / "in")
    assert again.name == "My photos-2" and len(list((tmp_path / "in").iterdir())) == 2


def test_what_macos_adds_is_counted_by_the_scan(tmp_path: Path) -> None:
    entries = {f"top/{name}/{number}.png": b"" for name in "ab" for number in range(3)}
    for number, name in enumerate(entries):
        noise(number).save(tmp_path / "one.png")
        entries[name] = (tmp_path / "one.png").read_bytes()
    entries |= {
        "__MACOSX/top/a/._0.png": b"x",
        "top/a/.DS_Store": b"x",
        "top/b/Thumbs.db": b"x",
        "top/readme.txt": b"x",
    }
    entries |= {"top/empty/": b""}
    dataset = scan(unpack(pack(tmp_path / "mac.zip", entries), tmp_path / "in"))
    assert dataset.classes == ("a", "b") and dataset.passed_over == 4
    assert [each.path for each in dataset.left_out] == ["top/empty"]


def test_names_in_utf8_that_are_not_marked_as_such(tmp_path: Path) -> None:
    """As the Finder of macOS writes them."""
    path = pack(tmp_path / "a.zip", {"K..he/1.png": b"1"})
    content = path.read_bytes().replace(b"K..he", "Kühe".encode())
    path.write_bytes(content)
    assert (unpack(path, tmp_path / "in") / "Kühe" / "1.png").read_bytes() == b"1"
    path.write_bytes(content.replace("ü".encode(), b"\x81a"))  # and this is what cp437 means
    assert (unpack(path, tmp_path / "in") / "Küahe" / "1.png").is_file()


def test_backslashes_as_old_windows_programs_write_them(tmp_path: Path) -> None:
    folder = unpack(pack(tmp_path / "a.zip", {"cats\\": b"", "cats\\1.png": b"1"}), tmp_path / "in")
    assert (folder / "cats" / "1.png").read_bytes() == b"1"


@pytest.mark.parametrize(
    "name",
    ["../evil.png", "cats/../../evil.png", "/tmp/evil.png", "C:/evil.png", "c:\\evil.png", "..\\evil.png", "a/.."],
)
def test_no_entry_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    error = refused(pack(tmp_path / "slip.zip", {"cats/1.png": b"1", name: b"evil"}), tmp_path / "in")
    assert "outside the folder" in error.found and name.replace("\\", "/") in error.found
    assert not list(tmp_path.rglob("evil*")) and not Path("/tmp/evil.png").exists()


@pytest.mark.parametrize(("kind", "name"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "special file")])
def test_links_and_special_files(tmp_path: Path, kind: int, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        entry = zipfile.ZipInfo("cats")
        entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
        archive.writestr(entry, "/etc")
        archive.writestr("cats/passwd", "x")
    assert name in refused(tmp_path / "link.zip", tmp_path / "in").found


def test_a_bomb_by_its_ratio(tmp_path: Path) -> None:
    path = pack(tmp_path / "bomb.zip", {"cats/1.png": bytes(50_000_000)})
    error = refused(path, tmp_path / "in")
    assert "50 MB" in error.found and "100 times" in error.expected and str(DEFAULT_LIMITS) == error.expected


def test_small_and_well_packed_is_no_bomb(tmp_path: Path) -> None:
    folder = unpack(pack(tmp_path / "text.zip", {"labels.csv": bytes(5_000_000)}), tmp_path / "in")
    assert (folder / "labels.csv").stat().st_size == 5_000_000


@pytest.mark.parametrize(
    ("limits", "found", "expected"),
    [
        (Limits(files=3), "4 files", "at most 3 files"),
        (Limits(total_bytes=3500), "4 kB unpacked", "3.5 kB unpacked"),
        (Limits(file_bytes=900), "“a/0.png” with 1 kB", "900 bytes per file"),
        (Limits(name_length=6), "7 characters", "6 characters"),
        (Limits(depth=1), "2 levels", "1 levels deep"),
    ],
)
def test_the_limits_are_kept_and_told(tmp_path: Path, limits: Limits, found: str, expected: str) -> None:
    path = pack(tmp_path / "big.zip", {f"a/{number}.png": os.urandom(1000) for number in range(4)})
    error = refused(path, tmp_path / "in", limits)
    assert found in error.found and expected in error.expected
    assert unpack(path, tmp_path / "in", replace(DEFAULT_LIMITS, files=4, total_bytes=4000)).is_dir()


def test_too_many_folders_around_few_files(tmp_path: Path) -> None:
    path = pack(tmp_path / "deep.zip", {f"{number}/a/b/c/d/1.png": b"1" for number in range(10)})
    assert "50 folders" in refused(path, tmp_path / "in", Limits(files=20)).found


def test_a_list_of_contents_that_lies(tmp_path: Path) -> None:
    """The list says 10 bytes; what comes out is checked against the truth all the same."""
    path = pack(tmp_path / "liar.zip", {"cats/1.png": b"x" * 1000})
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 1000), struct.pack("<L", 10)))
    assert refused(path, tmp_path / "in")


def test_a_zip_in_the_zip_stays_packed(tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", {"../evil.png": b"evil"}).read_bytes()
    folder = unpack(pack(tmp_path / "outer.zip", {"cats/1.png": b"1", "cats/inner.zip": inner}), tmp_path / "in")
    assert (folder / "cats" / "inner.zip").read_bytes() == inner and not list(tmp_path.rglob("evil.png"))


def test_an_encrypted_zip(tmp_path: Path) -> None:
    """Python writes none: the flag alone is set, in the list and before the file."""
    path = pack(tmp_path / "secret.zip", {"cats/1.png": b"1"})
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\3\4") + 6] |= 1
    content[content.find(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    error = refused(path, tmp_path / "in")
    assert "encrypted" in error.found and "password" in error.expected


@pytest.mark.parametrize("content", [b"", b"Rar!\x1a\x07\x00 not a zip", b"PK\3\4 cut short"])
def test_not_a_zip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "no.zip").write_bytes(content)
    assert "cannot be unpacked" in refused(tmp_path / "no.zip", tmp_path / "in").what


def test_damaged_missing_and_twice_the_same_name(tmp_path: Path) -> None:
    path = pack(tmp_path / "bad.zip", {"cats/1.png": os.urandom(5000)})
    content = bytearray(path.read_bytes())
    content[1000:1100] = bytes(100)
    path.write_bytes(content)
    assert "cannot be unpacked" in refused(path, tmp_path / "in").what
    assert "not there" in refused(tmp_path / "none.zip", tmp_path / "in").what
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("cats/1.png", "1")
        archive.writestr("cats/1.png", "2")
    assert "twice" in refused(tmp_path / "twice.zip", tmp_path / "in").found
    both = pack(tmp_path / "both.zip", {"cats": b"1", "cats/1.png": b"2"})
    assert "both a file and a folder" in refused(both, tmp_path / "in").found


def test_no_permission_to_write(ordinary: Path) -> None:
    path = pack(ordinary / "a.zip", {"cats/1.png": b"1"})
    (ordinary / "in").mkdir()
    (ordinary / "in").chmod(0o555)
    with pytest.raises(PhotosError) as caught:
        unpack(path, ordinary / "in")
    assert "permission" in caught.value.expected and "denied" in caught.value.found


@pytest.mark.parametrize(
    ("name", "folder"), [("...zip", "photos"), ("a b\nc?.zip", "a b_c_"), (f"{'x' * 200}.zip", "x" * 80)]
)
def test_the_folder_has_a_harmless_name(tmp_path: Path, name: str, folder: str) -> None:
    assert unpack(pack(tmp_path / name, {"cats/1.png": b"1"}), tmp_path / "in").name == folder
