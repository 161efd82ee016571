"""The feature store: what the frozen part of a network said about each photo, remembered across runs.

A folder of shelves, one per network, weights, photo size, place of the cut and engine; on each shelf one row per photo
and view, found by the photo's content. It has a size limit; the shelves not used for longest go first, and one that
any process has open never goes. What the numbers mean is for `transfer.learning` to know; the page shows the shelves
and empties them. What lies in this folder can always be computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from transfer.feature_store.feature_set import FeatureSet, OutOfRange, complete_rows

__all__ = ["CAP", "Cleared", "FeatureSet", "FeatureSetInfo", "FeatureStore", "OutOfRange"]

CAP = 10_000_000_000  # bytes that all shelves of a workspace may take
FORMAT = 1  # of the files of a shelf; another number means another shelf
ITEM_BYTES = {"float16": 2, "float32": 4}
_GONE = ".gone-"  # shelves being deleted

Key = Mapping[str, str | int | float | None]


@dataclass(frozen=True)
class FeatureSetInfo:
    """What the page shows of a shelf.

    Attributes:
        name: its folder's name.
        key: what its rows depend on besides the photo: network, weights, photo size, …
        dtype: float16 or float32.
        row_shape: shape of one row.
        bytes: on disk.
        rows: photos times views.
        last_used: unix seconds.
        in_use: whether a process has it open.
    """

    name: str
    key: dict[str, str | int | float | None]
    dtype: str
    row_shape: tuple[int, ...]
    bytes: int
    rows: int
    last_used: float
    in_use: bool


@dataclass(frozen=True)
class Cleared:
    """What `clear` did: bytes freed, shelves removed, and shelves kept because a process uses them."""

    bytes: int
    removed: int
    in_use: int


class FeatureStore:
    """The shelves of one folder. Any number of processes may use it at a time.

    Args:
        folder: made when first needed; nothing outside it is ever touched, and links in it are not followed.
        cap_bytes: how large all shelves together may become, as far as `make_room` is asked.
    """

    def __init__(self, folder: Path, cap_bytes: int = CAP) -> None:
        self.folder = Path(folder).resolve()
        self.cap_bytes = cap_bytes

    # ------------------------------------------------------------------ using

    def open(self, key: Key, row_shape: Sequence[int], dtype: str = "float16") -> FeatureSet:
        """Open a shelf, which is made when it is new, and mark it as used now. Close it when done.

        Where float16 once was too narrow for this key (see `too_narrow`), the float32 shelf is opened at once:
        look at the `dtype` of what you get.

        Args:
            key: everything the rows depend on besides the photo, JSON values.
            row_shape: shape of one row.
            dtype: float16 or float32.
        """
        with self._lock():
            self._sweep()
            path = self._place(key, row_shape, dtype)
            if dtype == "float16" and (path / "too_narrow").exists():
                _mark_used(path)
                dtype, path = "float32", self._place(key, row_shape, "float32")
            self._make(path, _description(key, row_shape, dtype))
            _mark_used(path)
            held = FileLock(path / "held" / f"{os.getpid()}-{secrets.token_hex(4)}", thread_local=False)
            held.acquire(timeout=10)
        return FeatureSet(path, row_shape, dtype, held)

    def row_shape(self, key: Key) -> tuple[int, ...] | None:
        """The shape of the rows under a key; None when there is no shelf for it yet."""
        for path in self._paths():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                data = json.loads((path / "key.json").read_text(encoding="utf-8"))
                if data["format"] == FORMAT and data["key"] == dict(key):
                    return tuple(int(side) for side in data["row_shape"])
        return None

    def too_narrow(self, shelf: FeatureSet) -> None:
        """Remember that a float16 shelf met a value beyond its range, so that `shelf` opens float32 from now on."""
        (shelf.path / "too_narrow").touch()

    def make_room(self, needed_bytes: int) -> bool:
        """Throw away the shelves not used for longest, as few as possible, so that `needed_bytes` more fit.

        Returns:
            Whether they fit. When they cannot, however much were thrown away, nothing is.
        """
        with self._lock():
            self._sweep()
            shelves = sorted(self._infos(), key=lambda each: each.last_used)
            excess = sum(each.bytes for each in shelves) + needed_bytes - self.cap_bytes
            free = [each for each in shelves if not each.in_use]
            if excess > sum(each.bytes for each in free):
                return False
            for each in free:
                if excess <= 0:
                    break
                self._remove(self.folder / each.name)
                excess -= each.bytes
            return True

    # ------------------------------------------------------------------ showing and emptying

    def shelves(self) -> list[FeatureSetInfo]:
        """All shelves, the last used first."""
        if not self.folder.is_dir():
            return []
        with self._lock():
            return sorted(self._infos(), key=lambda each: -each.last_used)

    def size(self) -> int:
        """Bytes of all shelves together."""
        return sum(_bytes(path) for path in self._paths())

    def clear(self) -> Cleared:
        """Throw away every shelf that no process has open."""
        with self._lock():
            self._sweep()
            freed = removed = kept = 0
            for path in self._paths():
                if _in_use(path):
                    kept += 1
                    continue
                freed, removed = freed + _bytes(path), removed + 1
                self._remove(path)
            return Cleared(freed, removed, kept)

    # ------------------------------------------------------------------ folders

    def _lock(self) -> FileLock:
        """Held for an instant by whoever opens or removes shelves, so that none is removed while it is opened."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / ".lock", timeout=60, thread_local=False)

    def _paths(self) -> list[Path]:
        """The folders of the shelves; links and strangers are passed over."""
        if not self.folder.is_dir():
            return []
        with os.scandir(self.folder) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)]
        return [self.folder / name for name in sorted(names) if (self.folder / name / "key.json").is_file()]

    def _infos(self) -> list[FeatureSetInfo]:
        return [info for path in self._paths() if (info := _info(path)) is not None]

    def _place(self, key: Key, row_shape: Sequence[int], dtype: str) -> Path:
        text = json.dumps(_description(key, row_shape, dtype), sort_keys=True, separators=(",", ":"))
        return self.folder / hashlib.sha256(text.encode()).hexdigest()[:20]

    def _make(self, path: Path, description: dict[str, Any]) -> None:
        if path.is_symlink():
            path.unlink()
        path.mkdir(exist_ok=True)
        (path / "held").mkdir(exist_ok=True)
        if all((path / name).exists() for name in ("key.json", "rows", "index")):
            return
        for name in ("rows", "index"):
            (path / name).write_bytes(b"")
        temporary = path / ".key.json"
        temporary.write_text(json.dumps(description, indent=1), encoding="utf-8")
        temporary.replace(path / "key.json")  # last: now the shelf exists

    def _remove(self, path: Path) -> None:
        gone = self.folder / f"{_GONE}{secrets.token_hex(8)}"
        path.rename(gone)  # a process killed while deleting must not leave half a shelf under its name
        shutil.rmtree(gone, ignore_errors=True)

    def _sweep(self) -> None:
        for gone in self.folder.glob(f"{_GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)  # refuses links


def _description(key: Key, row_shape: Sequence[int], dtype: str) -> dict[str, Any]:
    if dtype not in ITEM_BYTES:
        raise ValueError(f"expected float16 or float32, received {dtype}")
    if math.prod(row_shape) < 1:
        raise ValueError(f"expected rows that hold something, received the shape {tuple(row_shape)}")
    return {"format": FORMAT, "dtype": dtype, "row_shape": [int(side) for side in row_shape], "key": dict(key)}


def _info(path: Path) -> FeatureSetInfo | None:
    """What is on a shelf; None when its files are damaged."""
    try:
        data = json.loads((path / "key.json").read_text(encoding="utf-8"))
        dtype, shape = str(data["dtype"]), tuple(int(side) for side in data["row_shape"])
        rows = complete_rows(path, math.prod(shape) * ITEM_BYTES[dtype])
        used = (path / "used").stat().st_mtime
        return FeatureSetInfo(path.name, dict(data["key"]), dtype, shape, _bytes(path), rows, used, _in_use(path))
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None


def _bytes(path: Path) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size if entry.is_file(follow_symlinks=False) else 0
    return total


def _in_use(path: Path) -> bool:
    """Whether a living process has the shelf open; what dead ones left is tidied away. Needs the store's lock."""
    for file in (path / "held").glob("*"):
        try:
            with FileLock(file, timeout=0):
                pass
        except Timeout:
            return True
        file.unlink(missing_ok=True)
    return False


def _mark_used(path: Path) -> None:
    if path.is_dir():
        (path / "used").touch()
        now = time.time()
        os.utime(path / "used", (now, now))
