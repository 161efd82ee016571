"""The writer of features: each computed block would be too often to wait for the disk, all of them too late."""

from __future__ import annotations

import time

import numpy as np

from transfer.feature_store.store import FeatureSet

WRITE = 1.0  # seconds of computing that a crash may cost


class Writer:
    """Collects rows and stores them about once in `WRITE` seconds, and when it is closed."""

    def __init__(self, kept: FeatureSet) -> None:
        self._kept, self._written = kept, time.monotonic()
        self._waiting: dict[int, tuple[list[str], list[np.ndarray]]] = {}

    def add(self, view: int, digests: list[str], rows: np.ndarray) -> None:
        known, blocks = self._waiting.setdefault(view, ([], []))
        known += digests
        blocks.append(rows)
        if time.monotonic() - self._written >= WRITE:
            self.close()

    def close(self) -> None:
        for view, (digests, blocks) in self._waiting.items():
            self._kept.append(digests, np.concatenate(blocks), view)
        self._waiting.clear()
        self._written = time.monotonic()
