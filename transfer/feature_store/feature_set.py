"""A shelf: rows of numbers on disk, one per photo and view, found again by the content of the photo.

One file of rows that only grows, and one index that only grows beside it; the index entry of a row is written after
the row is on disk. So a writer killed at any moment leaves at most a torn tail, which readers ignore and the next
writer cuts off. One process writes at a time, any number read along. This module knows nothing of networks, and
neither how many shelves there are nor when one is thrown away: that is `store`.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

DIGEST = 32  # bytes of a SHA-256
KEY = DIGEST + 4  # with the number of the view
RECORD = np.dtype([("key", f"S{KEY}"), ("check", "<u4")])
_MARK = np.uint32(0x5EA7F11E)  # makes the check of a record of zeros differ from zero
MERGE = 4096  # new entries are kept apart until there are so many, then sorted in
POLL = 0.2  # seconds between two looks at a lock that somebody else holds


class OutOfRange(OverflowError):
    """A value does not fit the shelf's type; nothing of the block was written.

    Attributes:
        finite: whether the values themselves are numbers, so that a float32 shelf can hold them.
    """

    def __init__(self, finite: bool) -> None:
        super().__init__("beyond the range of float16" if finite else "infinite or not a number (NaN)")
        self.finite = finite


class FeatureSet:
    """One opened shelf. `FeatureStore.open` opens it and keeps it from being thrown away until `close`.

    Args:
        path: its folder, which exists.
        row_shape: shape of one row.
        dtype: float16 or float32, how rows are kept.
        held: the lock that says the shelf is in use; released by `close`.
    """

    def __init__(self, path: Path, row_shape: Sequence[int], dtype: str, held: FileLock | None = None) -> None:
        self.path = path
        self.row_shape = tuple(int(side) for side in row_shape)
        self.dtype = np.dtype(dtype)
        self.row_bytes = math.prod(self.row_shape) * self.dtype.itemsize
        self._held = held
        self._writer = FileLock(path / "writing", thread_local=False)
        self._turn = threading.RLock()
        self._depth = 0
        self._files: tuple[int, ...] = ()
        self._count = 0
        self._sorted = np.empty(0, RECORD["key"])  # the known keys in order,
        self._order = np.empty(0, np.int64)  # and the row of each
        self._recent: dict[bytes, int] = {}
        self._rows: np.ndarray = np.empty((0, *self.row_shape), self.dtype)

    def __enter__(self) -> FeatureSet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many complete rows there are now."""
        with self._turn:
            self._look()
            return self._count

    def close(self) -> None:
        """Let go of the shelf: it may be thrown away from now on. Arrays taken from `rows` stay valid."""
        self._rows = np.empty((0, *self.row_shape), self.dtype)
        if self._held is not None:
            self._held.release()
            Path(self._held.lock_file).unlink(missing_ok=True)
            self._held = None

    # ------------------------------------------------------------------ reading

    @property
    def rows(self) -> np.ndarray:
        """All complete rows, (n, *row_shape), read-only and mapped from disk: `rows[positions]` reads a batch."""
        with self._turn:
            self._look()
            if len(self._rows) != self._count:
                shape = (self._count, *self.row_shape)
                with open(_open(self.path / "rows"), "rb") as file:
                    self._rows = np.memmap(file, self.dtype, "r", shape=shape)
            return self._rows

    def positions(self, digests: Sequence[str | bytes], view: int = 0) -> np.ndarray:
        """Where the rows of some photos are.

        Args:
            digests: SHA-256 of each photo, as hex text or as 32 bytes.
            view: which view of the photo.

        Returns:
            (photos,) int64, -1 where there is no row yet.
        """
        wanted = _keys(digests, view)
        with self._turn:
            self._look()
            return self._find(wanted)

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def writing(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Be the one writer. Whoever fills in what is missing asks for `positions` inside, not before.

        Args:
            waiting: called about five times a second while another process writes; may raise to give up.
        """
        while not self._begin():
            waiting()
            time.sleep(POLL)
        try:
            yield
        finally:
            self._end()

    def _begin(self) -> bool:
        with self._turn:
            if self._depth == 0:
                try:
                    self._writer.acquire(timeout=0)
                except Timeout:
                    return False
                try:
                    self._look()
                    self._files = tuple(_open(self.path / name, os.O_RDWR) for name in ("rows", "index"))
                    # Cut off what a killed writer left unfinished. No reader has seen any of it.
                    for file, size in zip(self._files, (self.row_bytes, RECORD.itemsize), strict=True):
                        os.ftruncate(file, self._count * size)
                except BaseException:
                    self._end()
                    raise
            self._depth += 1
            return True

    def _end(self) -> None:
        with self._turn:
            self._depth = max(0, self._depth - 1)
            if self._depth == 0:
                for file in self._files:
                    os.close(file)
                self._files = ()
                self._writer.release()

    def append(self, digests: Sequence[str | bytes], rows: np.ndarray, view: int = 0) -> np.ndarray:
        """Add a block of rows, on disk when this returns. Photos that have a row already keep it.

        Args:
            digests: one per row, as in `positions`; exact copies of a photo share one row.
            rows: (photos, *row_shape), any float type.
            view: which view of the photos.

        Returns:
            (photos,) int64, where each photo's row is now.

        Raises:
            OutOfRange: a value does not fit; nothing was written.
            ValueError: rows of another shape.
            OSError: the disk is full; nothing of the block counts.
        """
        if rows.shape != (len(digests), *self.row_shape):
            raise ValueError(f"expected rows of shape {(len(digests), *self.row_shape)}, received {rows.shape}")
        with np.errstate(over="ignore"):
            cast = np.ascontiguousarray(rows, self.dtype)
        if not np.isfinite(cast).all():
            raise OutOfRange(bool(np.isfinite(rows).all()))
        keys = _keys(digests, view)
        with self.writing(), self._turn:
            self._look()
            first = np.unique(keys, return_index=True)[1]
            new = np.sort(first[self._find(keys[first]) < 0])
            if len(new):
                self._write(keys[new], cast[new])
            return self._find(keys)

    def _write(self, keys: np.ndarray, rows: np.ndarray) -> None:
        row_file, index_file = self._files
        records = np.empty(len(keys), RECORD)
        records["key"] = keys
        records["check"] = _checks(keys, self._count)
        try:
            _add(row_file, self._count * self.row_bytes, rows)
        except OSError:
            os.ftruncate(row_file, self._count * self.row_bytes)  # give back the last of a full disk
            raise
        try:
            _add(index_file, self._count * RECORD.itemsize, records)
        finally:
            self._look()  # whatever part of the index was written counts: readers may have seen it

    # ------------------------------------------------------------------ the index in memory

    def _look(self) -> None:
        """Take in what was added to the index since the last look."""
        added = _read(self.path / "index", self._count * RECORD.itemsize)
        if len(added) < RECORD.itemsize:
            return
        complete = (self.path / "rows").lstat().st_size // self.row_bytes - self._count
        records = np.frombuffer(added, RECORD, min(len(added) // RECORD.itemsize, max(complete, 0)))
        wrong = np.flatnonzero(records["check"] != _checks(records["key"], self._count))
        self._know(records["key"][: wrong[0]] if len(wrong) else records["key"])

    def _know(self, keys: np.ndarray) -> None:
        self._recent.update(zip(keys.tolist(), range(self._count, self._count + len(keys)), strict=True))
        self._count += len(keys)
        if len(self._recent) > max(MERGE, len(self._sorted) // 4):
            known = np.concatenate([self._sorted, np.array(list(self._recent), RECORD["key"])])
            rows = np.concatenate([self._order, np.fromiter(self._recent.values(), np.int64, len(self._recent))])
            order = np.argsort(known, kind="stable")
            self._sorted, self._order = known[order], rows[order]
            self._recent = {}

    def _find(self, keys: np.ndarray) -> np.ndarray:
        found = np.fromiter((self._recent.get(key, -1) for key in keys.tolist()), np.int64, len(keys))
        if len(self._sorted):
            places = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
            found = np.where(self._sorted[places] == keys, self._order[places], found)
        return found


def complete_rows(path: Path, row_bytes: int) -> int:
    """How many rows the shelf in a folder has, from the sizes of its files."""
    return min((path / "rows").lstat().st_size // row_bytes, (path / "index").lstat().st_size // RECORD.itemsize)


def _keys(digests: Sequence[str | bytes], view: int) -> np.ndarray:
    """What rows are found by: digest and view as (photos,) byte strings of one length."""
    end = view.to_bytes(4, "big")
    parts = [(bytes.fromhex(digest) if isinstance(digest, str) else digest) for digest in digests]
    if any(len(part) != DIGEST for part in parts):
        raise ValueError(f"expected digests of {DIGEST} bytes (SHA-256)")
    return np.frombuffer(b"".join(part + end for part in parts), RECORD["key"])


def _checks(keys: np.ndarray, first: int) -> np.ndarray:
    """One number per record that a record left half written, or one at another place, does not have."""
    words = np.ascontiguousarray(keys).view(np.uint8).reshape(-1, KEY).view("<u4")
    places = np.arange(first, first + len(keys), dtype=np.uint64).astype(np.uint32)
    return np.bitwise_xor.reduce(words, axis=1) ^ places ^ _MARK


def _open(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file of a shelf; a symbolic link in its place is refused (OSError)."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))


def _read(path: Path, offset: int) -> bytes:
    with open(_open(path), "rb") as file:
        file.seek(offset)
        return file.read()


def _add(file: int, offset: int, data: np.ndarray) -> None:
    """Write at a place, all of it, and wait until it is on disk."""
    left = data.view(np.uint8).reshape(-1).data
    os.lseek(file, offset, os.SEEK_SET)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)
