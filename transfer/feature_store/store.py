"""The feature store: what the frozen part of a network said about each photo, remembered across runs.

A disk cache of feature sets, one per network, weights, photo size and place of the cut; in each one row per photo and
view, found by the photo's content. What the numbers mean is for `transfer.learning` to know; the page shows how much
there is and empties it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transfer.feature_store.disk_cache import Cleared, DiskCache, hold, let_go, mark_used
from transfer.feature_store.feature_set import FeatureSet, OutOfRange

__all__ = ["CAP", "Cleared", "FeatureSet", "FeatureStore", "OutOfRange"]

CAP = 10_000_000_000  # bytes that all feature sets of a workspace may take
FORMAT = 1  # of the files of a feature set; sets of another format are not opened, and go when room is needed

Key = Mapping[str, str | int | float | None]


class FeatureStore(DiskCache):
    """The feature sets of one folder."""

    def __init__(self, folder: Path, cap_bytes: int = CAP) -> None:
        super().__init__(folder, cap_bytes)

    def open(self, key: Key, row_shape: Sequence[int], dtype: str = "float16", parts: Sequence[int] = ()) -> FeatureSet:
        """Open a feature set, which is made when it is new, and mark it as used now. Close it when done.

        Where float16 once was too narrow for this key (see `too_narrow`), the float32 set is opened at once:
        look at the `dtype` of what you get.

        Args:
            key: everything the rows depend on besides the photo, JSON values.
            row_shape: shape of one row.
            dtype: float16 or float32.
            parts: how many numbers of a row belong together, where it is made of several parts; see `row_parts`.

        Raises:
            OSError: the disk refuses.
        """
        if dtype not in ("float16", "float32") or math.prod(row_shape) < 1:
            raise ValueError(f"expected rows of float16 or float32 that hold something, received {dtype} {row_shape}")
        about = {"format": FORMAT, "dtype": dtype, "row_shape": [int(side) for side in row_shape], "key": dict(key)}
        about |= {"parts": [int(width) for width in parts]} if parts else {}
        with self._lock():
            path = self._path(about)
            if dtype == "float16" and (path / "too_narrow").exists():
                mark_used(path)
                about["dtype"] = dtype = "float32"
                path = self._path(about)
            if not (path / "key.json").is_file() or any(file.is_symlink() for file in (path, *path.iterdir())):
                self._make(path, about)
            held = hold(path)
        try:
            return FeatureSet(path, row_shape, dtype, held)
        except OSError:
            let_go(held)
            raise

    def row_shape(self, key: Key) -> tuple[int, ...] | None:
        """The shape of the rows under a key; None when there is no feature set for it yet."""
        return self._told(key, "row_shape")

    def row_parts(self, key: Key) -> tuple[int, ...] | None:
        """How wide the parts of the rows under a key are; None when there is no such feature set of several parts."""
        return self._told(key, "parts")

    def _told(self, key: Key, name: str) -> tuple[int, ...] | None:
        for path in self._entries():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                about = json.loads((path / "key.json").read_text(encoding="utf-8"))
                if about["format"] == FORMAT and about["key"] == dict(key):
                    return tuple(int(number) for number in about[name])
        return None

    def too_narrow(self, features: FeatureSet) -> None:
        """Remember that a float16 set met a value beyond its range, so that `open` opens float32 from now on."""
        (features.path / "too_narrow").touch()

    def _path(self, about: dict[str, Any]) -> Path:
        text = json.dumps(about, sort_keys=True, separators=(",", ":"))
        return self.folder / hashlib.sha256(text.encode()).hexdigest()[:20]

    def _make(self, path: Path, about: dict[str, Any]) -> None:
        """A new set, in the place of one that is half made."""
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            self._remove(path)
        path.mkdir()
        temporary = path / ".key.json"
        temporary.write_text(json.dumps(about, indent=1), encoding="utf-8")
        temporary.replace(path / "key.json")  # now the set exists
