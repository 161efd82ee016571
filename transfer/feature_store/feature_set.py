"""A feature set: rows of numbers on disk, one per photo and view, found again by the content of the photo.

One file of rows that only grows, and one index that only grows beside it; the index entry of a row is written after
the row is on disk. So a writer killed at any moment leaves at most a torn tail, which readers ignore and the next
writer cuts off. One process writes at a time, any number read along. Which feature sets there are and when one is
thrown away is for `store` to know. (SQLite as the index was not shorter, and two to four times slower.)
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from transfer.feature_store.disk_cache import let_go

DIGEST = 32  # bytes of a SHA-256
KEY = DIGEST + 4  # with the number of the view
RECORD = np.dtype([("key", f"S{KEY}"), ("check", "<u4")])
_MARK = np.uint32(0x5EA7F11E)  # makes the check of a record of zeros differ from zero
POLL = 0.2  # seconds between two looks at a lock that somebody else holds


class OutOfRange(OverflowError):
    """A value does not fit the set's type; nothing of the block was written.

    Attributes:
        finite: whether the values themselves are numbers, so that a float32 set can hold them.
    """

    def __init__(self, finite: bool) -> None:
        super().__init__("beyond the range of float16" if finite else "infinite or not a number (NaN)")
        self.finite = finite


class FeatureSet:
    """One opened feature set. `FeatureStore.open` opens it and keeps it from being thrown away until `close`.

    Args:
        path: its folder, which exists.
        row_shape: shape of one row.
        dtype: float16 or float32, how rows are kept.
        held: the lock that says the set is in use; `close` lets it go.
    """

    def __init__(self, path: Path, row_shape: Sequence[int], dtype: str, held: FileLock) -> None:
        self.path = path
        self.row_shape = tuple(int(side) for side in row_shape)
        self.dtype = np.dtype(dtype)
        self.row_bytes = math.prod(self.row_shape) * self.dtype.itemsize
        self._held = held
        self._writer = FileLock(path / "writing", thread_local=False)
        self._turn = threading.RLock()  # of the threads of this process
        self._count = 0
        self._keys = np.empty(0, RECORD["key"])  # the known keys in order,
        self._order = np.empty(0, np.int64)  # and the row of each
        self._rows: np.ndarray = np.empty((0, *self.row_shape), self.dtype)
        # They stay open: whoever makes the set anew under its name does not get what is still written here.
        self._row_file, self._index_file = (FileIO(path / name, "a+") for name in ("rows", "index"))

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
        """Let go of the set: it may be thrown away from now on. Arrays taken from `rows` stay valid."""
        self._rows = np.empty((0, *self.row_shape), self.dtype)
        self._row_file.close()
        self._index_file.close()
        let_go(self._held)

    # ------------------------------------------------------------------ reading

    @property
    def rows(self) -> np.ndarray:
        """All complete rows, (n, *row_shape), read-only and mapped from disk: `rows[positions]` reads a batch."""
        with self._turn:
            if len(self._rows) != len(self):
                self._rows = np.memmap(self._row_file, self.dtype, "r", shape=(self._count, *self.row_shape))
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
            if not len(self):
                return np.full(len(wanted), -1, np.int64)
            places = np.minimum(np.searchsorted(self._keys, wanted), self._count - 1)
            return np.where(self._keys[places] == wanted, self._order[places], -1)

    def _look(self) -> None:
        """Take in what was added to the index since the last look."""
        self._index_file.seek(self._count * RECORD.itemsize)
        added = self._index_file.readall()
        complete = os.fstat(self._row_file.fileno()).st_size // self.row_bytes - self._count
        records = np.frombuffer(added, RECORD, min(len(added) // RECORD.itemsize, max(complete, 0)))
        if not len(records):
            return
        wrong = np.flatnonzero(records["check"] != _checks(records["key"], self._count))
        keys = records["key"][: wrong[0]] if len(wrong) else records["key"]
        order = np.argsort(keys)
        places = np.searchsorted(self._keys, keys[order])
        self._keys = np.insert(self._keys, places, keys[order])
        self._order = np.insert(self._order, places, self._count + order)
        self._count += len(keys)

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def writing(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Be the one writer. Whoever fills in what is missing asks for `positions` inside, not before.

        Args:
            waiting: called about five times a second while another process writes; may raise to give up.
        """
        while True:
            try:
                with self._turn:
                    self._writer.acquire(timeout=0)
                break
            except Timeout:
                waiting()
                time.sleep(POLL)
        try:
            yield
        finally:
            with self._turn:
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
            first = np.zeros(len(keys), bool)
            first[np.unique(keys, return_index=True)[1]] = True
            new = first & (self.positions(digests, view) < 0)
            if new.any():
                self._write(keys[new], cast[new])
            return self.positions(digests, view)

    def _write(self, keys: np.ndarray, rows: np.ndarray) -> None:
        records = np.empty(len(keys), RECORD)
        records["key"] = keys
        records["check"] = _checks(keys, self._count)
        try:
            _put(self._row_file, self._count * self.row_bytes, rows)
        except OSError:
            self._row_file.truncate(self._count * self.row_bytes)  # give back the last of a full disk
            raise
        # Where this fails, the records that were written count: readers may have seen them.
        _put(self._index_file, self._count * RECORD.itemsize, records)


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


def _put(file: FileIO, offset: int, data: np.ndarray) -> None:
    """Write at the end, in the place of what a killed writer left, and wait until it is on disk."""
    file.truncate(offset)
    left = data.view(np.uint8).reshape(-1).data
    while left:
        left = left[file.write(left) or 0 :]
    os.fsync(file)
