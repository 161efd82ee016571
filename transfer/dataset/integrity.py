"""Whether each photo can be read, and its digest: every file is decoded once, on threads, and remembered.

The memory is a small SQLite file. A photo whose path, size and time of change are as before is not read again;
without the memory, or with a broken one, everything still works and only takes longer.
"""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import PIL

from transfer.dataset.photo import HEIC, open_photo

MOST_BYTES = 1_000_000_000
"""A file larger than this is not taken for a photo."""

_DECODER = f"2 pillow {PIL.__version__} heic {HEIC}"  # another decoder may read what this one cannot: check again
_THREADS = min(8, os.cpu_count() or 1)  # each may hold one decoded photo, up to 360 MB
_SMALL = 64  # a JPEG decoded at this size is read to its end all the same


@dataclass(frozen=True)
class Integrity:
    """What is known of one photo: the SHA-256 of its bytes, and why it cannot be read ("" when it can)."""

    digest: str
    reason: str


def check_photos(
    paths: Sequence[Path], memory: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> list[Integrity]:
    """Decode every photo, or remember having done so.

    Args:
        paths: the photos.
        memory: the SQLite file, made when missing; None to remember nothing.
        progress: called with photos done and photos in all, at most about ten times a second and at the end.

    Returns:
        one per path, in the same order.
    """
    stamps = [_stamp(path) for path in paths]
    known = _recall(memory, stamps)
    unknown = [index for index, stamp in enumerate(stamps) if stamp not in known]
    done, told = len(paths) - len(unknown), 0.0
    try:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="photos") as threads:
            for index, integrity in zip(unknown, threads.map(lambda i: _check(paths[i]), unknown), strict=True):
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
        size = path.stat().st_size
        if size > MOST_BYTES:
            return Integrity(
                "", f"the file is too large ({size / 1e9:.1f} GB; at most {MOST_BYTES / 1e9:.0f} GB are read)"
            )
        content = path.read_bytes()
    except FileNotFoundError:
        return Integrity("", "the file is not there any more")
    except PermissionError:
        return Integrity("", "there is no permission to read the file")
    except OSError as error:
        return Integrity("", f"the file cannot be read ({error.strerror or error})")
    digest = hashlib.sha256(content).hexdigest()
    try:
        open_photo(io.BytesIO(content), at_least=_SMALL)
    except (OSError, ValueError) as error:
        return Integrity(digest, str(error))
    return Integrity(digest, "")


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
