"""What is in a feature store, read from its files."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from transfer.feature_store.disk_cache import in_use
from transfer.feature_store.feature_set import RECORD
from transfer.feature_store.store import FeatureStore


class Contents(NamedTuple):
    """One feature set."""

    path: Path
    key: dict[str, Any]
    dtype: str
    row_shape: tuple[int, ...]
    rows: int
    in_use: bool


def contents(store: FeatureStore) -> list[Contents]:
    """All feature sets, the last used first."""
    files = sorted(store.folder.glob("*/key.json"), key=lambda file: -file.parent.stat().st_mtime)
    return [_read(file.parent, json.loads(file.read_text())) for file in files if not file.parent.is_symlink()]


def _read(path: Path, about: dict[str, Any]) -> Contents:
    shape = tuple(about["row_shape"])
    rows = (path / "rows").stat().st_size // (np.dtype(about["dtype"]).itemsize * int(np.prod(shape)))
    assert rows == (path / "index").stat().st_size // RECORD.itemsize
    return Contents(path, about["key"], about["dtype"], shape, rows, in_use(path))
