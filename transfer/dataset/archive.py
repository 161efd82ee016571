"""An uploaded zip becomes a folder of photos, safely. Unpacks; what the folders mean is `layout`'s business.

A zip is checked twice: by its list of contents before anything is written, and by counting the bytes that really
come out, because the list can lie. Nothing is ever written outside the target folder, and a refused zip leaves
nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transfer.errors import PhotosError


@dataclass(frozen=True)
class Limits:
    """What an uploaded zip may hold.

    Attributes:
        files: how many files and folders.
        total_bytes: how large all of them together, unpacked.
        file_bytes: how large one file, unpacked.
        ratio: how many times larger than packed; photos hardly shrink, a bomb does by a thousand.
        name_length: characters of one path.
        depth: levels of folders in each other.
    """

    files: int = 100_000
    total_bytes: int = 10_000_000_000
    file_bytes: int = 500_000_000
    ratio: int = 100
    name_length: int = 400
    depth: int = 20

    def __str__(self) -> str:
        return (
            f"at most {self.files:,} files and folders, {_size(self.total_bytes)} unpacked, "
            f"{_size(self.file_bytes)} per file, and unpacked no more than {self.ratio} times the size of the zip"
        )


DEFAULT_LIMITS = Limits()
_CHUNK = 1 << 20
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags of an entry
_SMALL = 10_000_000  # a few well packed text files are no bomb: the ratio is asked of larger ones
_FIX = "Upload a smaller zip, or unpack it yourself and choose the folder."


def unpack(
    zip_path: Path,
    into: Path,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Unpack a zip into a new folder.

    Args:
        zip_path: the zip file.
        into: the folder to make the new one in; made when missing.
        limits: what the zip may hold.
        progress: called with (files written, files in all).

    Returns:
        the new folder, named after the zip, with a number added where that name is taken.

    Raises:
        PhotosError: not a zip, damaged, encrypted, beyond the limits, or with an entry that would land outside the
            folder. Zips inside the zip stay packed, and count as stray files, as does what macOS and Windows add.
    """
    name = zip_path.name
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".unpacking-", suffix=f".{os.getpid()}", dir=into, ignore_cleanup_errors=True
        ) as place:
            part = Path(place) / "photos"
            part.mkdir()
            with zipfile.ZipFile(zip_path) as archive:
                entries = _checked(archive, name, zip_path.stat().st_size, limits)
                _write(archive, entries, part, name, limits, progress)
            return _settle(part, into, zip_path.stem)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise PhotosError(
            f"“{name}” cannot be unpacked.",
            expected="a whole zip file without a password",
            found=str(error) or type(error).__name__,
            fix="Make the zip again and upload it again, or unpack it yourself and choose the folder.",
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise PhotosError(
            f"“{name}” cannot be unpacked.",
            expected="a zip that holds every file once",
            found="a name that is in it twice, or is both a file and a folder",
            fix="Make the zip again from the photo folder and upload it again.",
        ) from error
    except FileNotFoundError as error:
        raise PhotosError(
            f"“{name}” is not there.",
            expected=f"a zip file at {zip_path}",
            found="nothing at that place, or it went away while it was being unpacked",
            fix="Upload the zip again.",
        ) from error
    except OSError as error:
        raise PhotosError(
            f"“{name}” could not be unpacked.",
            expected=f"room and permission to write in {into}",
            found=error.strerror or str(error),
            fix="Make room on the disk, or unpack the zip yourself and choose the folder.",
        ) from error


def _checked(
    archive: zipfile.ZipFile, name: str, packed: int, limits: Limits
) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """What to write, each with the parts of its path, when the list of contents is harmless and within the limits."""
    listed = archive.infolist()
    if len(listed) > limits.files:
        raise _beyond(name, f"{len(listed):,} files and folders", limits)
    total = 0
    entries = []
    for entry in listed:
        path = _name(entry)
        _refuse_trick(entry, path, name, limits)
        entries.append((entry, tuple(each for each in path.split("/") if each not in {"", "."})))
        total += entry.file_size
        if entry.file_size > limits.file_bytes:
            raise _beyond(name, f"“{path}” with {_size(entry.file_size)}", limits)
    if total > limits.total_bytes:
        raise _beyond(name, f"{_size(total)} unpacked", limits)
    if total > _SMALL and total > limits.ratio * max(packed, 1):
        raise _beyond(name, f"{_size(packed)} that unpack to {_size(total)}", limits)
    folders = {parts[:depth] for _, parts in entries for depth in range(1, len(parts))}
    if len(folders) > limits.files:
        raise _beyond(name, f"files in {len(folders):,} folders", limits)
    return entries


def _name(entry: zipfile.ZipInfo) -> str:
    """The path of an entry. macOS and others write UTF-8 without marking it as such; Windows may write backslashes."""
    path = entry.filename
    if not entry.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):  # not UTF-8: then the name is what an unmarked one should be
            path = path.encode("cp437").decode("utf-8")
    return path.replace("\\", "/")


def _refuse_trick(entry: zipfile.ZipInfo, path: str, name: str, limits: Limits) -> None:
    parts = path.split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if path.startswith("/") or ".." in parts or (len(parts[0]) > 1 and parts[0][1] == ":") or "\0" in path:
        found = f"an entry that would be written outside the folder: “{path[:200]}”"
    elif kind and kind not in {stat.S_IFREG, stat.S_IFDIR}:
        link = "a symbolic link" if kind == stat.S_IFLNK else "a special file"
        found = f"{link}: “{path[:200]}”"
    elif len(path) > limits.name_length or any(len(part.encode(errors="replace")) > 255 for part in parts):
        found = f"a name of {len(path)} characters"
    elif len(parts) > limits.depth:
        found = f"{len(parts)} levels of folders in each other"
    elif entry.flag_bits & _ENCRYPTED:
        raise RuntimeError("its files are encrypted")
    else:
        return
    raise PhotosError(
        f"“{name}” was refused, because it does not look like a plain zip of photos.",
        expected=(
            f"only ordinary files and folders, with names of at most {limits.name_length} characters, "
            f"at most {limits.depth} levels deep"
        ),
        found=found,
        fix="Make a new zip of just the photo folder.",
    )


def _write(
    archive: zipfile.ZipFile,
    entries: list[tuple[zipfile.ZipInfo, tuple[str, ...]]],
    part: Path,
    name: str,
    limits: Limits,
    progress: Callable[[int, int], None] | None,
) -> None:
    written = 0
    for number, (entry, parts) in enumerate(entries, 1):
        target = part.joinpath(*parts)
        if not target.resolve().is_relative_to(part.resolve()):
            raise ValueError(f"the entry “{entry.filename}” has no proper name")
        if entry.filename.endswith(("/", "\\")):  # an empty folder is worth a word later: its class has no photos
            target.mkdir(parents=True, exist_ok=True)
            continue
        if target == part:
            raise ValueError(f"the entry “{entry.filename}” has no proper name")
        target.parent.mkdir(parents=True, exist_ok=True)
        one = 0
        # "x": an entry that is there twice, or is a file here and a folder there, is an error and never overwrites.
        with archive.open(entry) as source, target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                one += len(chunk)
                written += len(chunk)
                if one > limits.file_bytes or written > limits.total_bytes:
                    raise _beyond(name, f"more than its list of contents says ({_size(written)} so far)", limits)
                file.write(chunk)
        if progress:
            progress(number, len(entries))


def _settle(part: Path, into: Path, stem: str) -> Path:
    clean = "".join(each if each.isalnum() or each in "-_. " else "_" for each in stem).strip(" .")[:80] or "photos"
    for number in range(1, 10_000):
        target = into / (clean if number == 1 else f"{clean}-{number}")
        if target.exists():
            continue
        try:
            os.mkdir(target)  # noqa: PTH102 - claims the name; rename then replaces the empty folder in one step
        except FileExistsError:
            continue
        part.replace(target)
        return target
    raise OSError(f"there are too many folders called {clean}")


def _beyond(name: str, found: str, limits: Limits) -> PhotosError:
    return PhotosError(f"“{name}” is larger than an uploaded zip may be.", expected=str(limits), found=found, fix=_FIX)


def _size(count: int) -> str:
    for unit, size in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
