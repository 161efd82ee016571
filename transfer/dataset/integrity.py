"""Whether each photo can be read, and its digest: every file is decoded once and remembered.

The memory is a small SQLite file. A photo whose path, size and time of change are as before is not read again;
without the memory, or with a broken one, everything still works and only takes longer.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import PIL

from transfer.dataset.photo import HEIC, open_photo

MOST_BYTES = 1_000_000_000
"""A file larger than this is not taken for a photo."""
MOST_COMPRESSED = 100_000_000
"""The same for WebP, HEIC and AVIF, whose decoders first read the whole file into memory."""

_DECODER = f"3 pillow {PIL.__version__} heic {HEIC}"  # another decoder may read what this one cannot: check again
_THREADS = min(8, os.cpu_count() or 1)  # see `dataset.photo` for what they hold together
_SMALL = 64  # a JPEG decoded at this size is read to its end all the same


@dataclass(frozen=True)
class Integrity:
    """What is known of one photo: the SHA-256 of its bytes, and why it cannot be read ("" when it can)."""

    digest: str
    reason: str


def read_photos(paths: Sequence[Path]) -> Iterator[Integrity]:
    """Decode every photo, on threads of this process; in the order given, each as soon as it is known."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="photos") as threads:
        yield from threads.map(_check, paths)


def check_photos(
    paths: Sequence[Path],
    memory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    read: Callable[[Sequence[Path]], Iterable[Integrity]] = read_photos,
) -> list[Integrity]:
    """Decode every photo, or remember having done so.

    Args:
        paths: the photos.
        memory: the SQLite file, made when missing; None to remember nothing.
        progress: called with photos done and photos in all, at most about ten times a second and at the end.
        read: decodes those that are not remembered, in their order.

    Returns:
        one per path, in the same order.
    """
    stamps = [_stamp(path) for path in paths]
    known = _recall(memory, stamps)
    unknown = [index for index, stamp in enumerate(stamps) if stamp not in known]
    done, told = len(paths) - len(unknown), 0.0
    try:
        for index, integrity in zip(unknown, read([paths[index] for index in unknown]), strict=True):
            known[stamps[index]] = integrity
            done += 1
            if progress and time.monotonic() - told > 0.1:
                told = time.monotonic()
                progress(done, len(paths))
    finally:  # also when `progress` broke the check off: what was looked at need not be looked at again
        # A file that could not be opened may be repaired without a change of its time (permissions): ask again.
        checked = {stamps[i]: known[stamps[i]] for i in unknown if stamps[i] in known}
        _remember(memory, {stamp: integrity for stamp, integrity in checked.items() if integrity.digest})
    if progress:
        progress(len(paths), len(paths))
    return [known[stamp] for stamp in stamps]


_Stamp = tuple[str, int, int]


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
        return (str(path), stat.st_size, stat.st_mtime_ns)
    except OSError:
        return (str(path), -1, -1)


def _check(path: Path) -> Integrity:
    try:
        with path.open("rb") as file:
            size, start = path.stat().st_size, file.read(12)
            most = MOST_COMPRESSED if start[:4] == b"RIFF" or start[4:8] == b"ftyp" else MOST_BYTES
            if size > most:
                found = f"{size / 1e6:,.0f} MB; of its kind, at most {most / 1e6:,.0f} MB are read"
                return Integrity("", f"the file is too large ({found})")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            return Integrity(digest, _unreadable(file))
    except FileNotFoundError:
        return Integrity("", "the file is not there any more")
    except PermissionError:
        return Integrity("", "there is no permission to read the file")
    except OSError as error:
        return Integrity("", f"the file cannot be read ({error.strerror or error})")


def _unreadable(file: BinaryIO) -> str:
    """Why a photo cannot be read; "" when it can."""
    try:
        open_photo(file, at_least=_SMALL)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _connect(memory: Path) -> sqlite3.Connection:
    memory.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(memory, timeout=10)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS verdicts (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER, "
        "decoder TEXT, digest TEXT, reason TEXT)"
    )
    return connection


def _recall(memory: Path | None, stamps: Sequence[_Stamp]) -> dict[_Stamp, Integrity]:
    known: dict[_Stamp, Integrity] = {}
    if memory is None:
        return known
    try:
        with closing(_connect(memory)) as connection:
            for stamp in stamps:
                row = connection.execute(
                    "SELECT digest, reason FROM verdicts WHERE path = ? AND size = ? AND changed = ? AND decoder = ?",
                    (*stamp, _DECODER),
                ).fetchone()
                if row:
                    known[stamp] = Integrity(*row)
    except (sqlite3.Error, OSError):
        pass  # a memory that cannot be read costs time, nothing else
    return known


def _remember(memory: Path | None, checked: Mapping[_Stamp, Integrity]) -> None:
    if memory is None or not checked:
        return
    rows = [(*stamp, _DECODER, each.digest, each.reason) for stamp, each in checked.items()]
    try:
        with closing(_connect(memory)) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", rows)
    except (sqlite3.OperationalError, OSError):
        pass  # locked for long, a full disk, no permission: remember another time
    except sqlite3.DatabaseError:
        memory.unlink(missing_ok=True)  # not a database any more: start afresh next time
