"""Least recently used goes first, for whatever lies in the entries; the rest of it is tested with the feature store."""

import os
from pathlib import Path

from transfer.feature_store.disk_cache import DiskCache, mark_used


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if entry.is_dir()}


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    for age, name in enumerate(["old", "middle", "new"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "network.bin").write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    mark_used(tmp_path / "old")
    cache = DiskCache(tmp_path, 300)
    assert cache.make_room() and entries(tmp_path) == {"old", "middle", "new"}
    cache.cap_bytes = 200
    assert cache.make_room() and entries(tmp_path) == {"old", "new"}
    cache.cap_bytes = 50
    assert cache.make_room() and entries(tmp_path) == set() and cache.size() == 0
