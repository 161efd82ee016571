"""Features: what the frozen part of the network says about each photo, computed once and trained from.

A frozen layer gives the same answer every epoch, so the answers are kept in the workspace's feature store and found
again by the content of the photos, by this run and by later ones. Here the photos that are still missing are read,
put through the engine and stored, all three at the same time, and what is stored becomes batches. Where the network
is cut in two is decided in `cut`, what computes the lower part in `engine`, where the numbers lie in `feature_store`.

Which engine computed a row is not part of its key: an engine is used only when it answers as Keras does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from transfer.feature_store.disk_cache import DiskCache
from transfer.feature_store.store import FeatureSet, FeatureStore, OutOfRange
from transfer.learning.device import Device
from transfer.learning.features.compiled import FeatureSpec
from transfer.learning.features.engine import Engine, KerasEngine, open_engine
from transfer.learning.features.source import FeatureSource
from transfer.learning.pipeline import Batch, PhotoSource
from transfer.learning.reporter import Reporter
from transfer.runs.workspace import Workspace

PIXELS = 1  # raise it when photos are read or varied differently
BLOCK = 32  # photos that are computed together
STORED = 1.0  # seconds of computing that a crash may cost: writing waits for the disk, each block would be too often
ENGINES = 2_000_000_000  # bytes that kept engines may take


class NotKept(Exception):
    """Features cannot be kept; the reason, in words for people."""


@dataclass(frozen=True)
class Frozen:
    """The frozen part of a network in one phase.

    Attributes:
        part: what its answers depend on besides the photo.
        shape: of one photo's answer.
        lower: makes it, or gets it: photos of 0-255 -> (batch, *shape).
        halves: two parts that, one after the other, are this one, where a later phase learns from the answers of the
            first. The photos then go through the first only, and the second (whose `lower` takes these answers in
            place of photos) is all that is computed twice. None: there is no such phase.
    """

    part: FeatureSpec
    shape: tuple[int, ...]
    lower: Callable[[], keras.Model]
    halves: tuple[Frozen, Frozen] | None = None


class Features:
    """The kept features of one run.

    Args:
        workspace: where they are kept, and the engines.
        device: what the run trains on.
        reporter: where progress goes.
        store: another place for them than the workspace's.
        dtype: how they are stored, float16 or float32; what float16 cannot hold becomes float32 by itself.
    """

    def __init__(
        self,
        workspace: Workspace,
        device: Device,
        reporter: Reporter,
        store: FeatureStore | None = None,
        dtype: str = "float16",
    ) -> None:
        self._store = store or workspace.features
        self._engines_dir = workspace.engines_dir
        self._device, self._reporter, self._dtype = device, reporter, dtype
        self._opened_sets: list[FeatureSet] = []
        self._engine: tuple[FeatureSpec, Engine] | None = None

    def close(self) -> None:
        """Let go of everything: other runs may need the room."""
        self.rest()
        while self._opened_sets:
            self._opened_sets.pop().close()

    def rest(self) -> None:
        """Let go of the engine's memory until it is needed again."""
        self._engine = None

    def known_shape(self, part: FeatureSpec) -> tuple[int, ...] | None:
        """What one photo's answer looks like, if any photo was ever asked about."""
        return self._store.row_shape(self._key(part, "off"))

    def source(self, frozen: Frozen, photos: PhotoSource, views: int = 0) -> FeatureSource:
        """The features of a split; those that are missing are computed now.

        Args:
            frozen: whose answers.
            photos: of the split.
            views: how many variations of each photo; 0 for the photos as they are.

        Raises:
            Stopped: when the user asked to stop; what was computed is kept.
            NotKept: when they cannot be stored.
        """
        numbers = tuple(range(1, views + 1)) if views else (0,)
        key = self._key(frozen.part, photos.augmentation if views else "off")
        try:
            features = self._store.open(key, frozen.shape, self._dtype)
            self._opened_sets.append(features)
            self._complete(features, frozen, photos, numbers)
            places = np.stack([features.positions(photos.digests, number) for number in numbers])
            return FeatureSource(features.rows, places, photos.labels, photos.batch_size)
        except OutOfRange as trouble:
            if not trouble.finite or features.dtype == np.float32:
                raise NotKept(f"the frozen part of the network gives values that are {trouble}") from trouble
            self._store.too_narrow(features)
            self._opened_sets.pop().close()
            return self.source(frozen, photos, views)
        except OSError as trouble:
            raise NotKept(f"they could not be written to the disk ({trouble})") from trouble

    # ------------------------------------------------------------------ what is missing

    def _complete(self, features: FeatureSet, frozen: Frozen, photos: PhotoSource, views: tuple[int, ...]) -> None:
        if self._missing(features, photos, views):
            # One process computes, another one that needs the same waits for it.
            with features.writing(waiting=self._reporter.raise_if_stopped):
                missing = self._missing(features, photos, views)
                count = sum(len(positions) for positions in missing.values())
                if not self._store.make_room(count * features.row_bytes):
                    needed, cap = count * features.row_bytes / 1e9, self._store.cap_bytes / 1e9
                    raise NotKept(f"they would take {needed:.1f} GB of the {cap:g} GB set aside for them")
                self._fill(features, frozen, photos, missing, count, len(views) * photos.photos - count)
        else:
            words = "Features reused: the network has looked at these photos before."
            self._reporter.begin("features", words, photos.photos, done=photos.photos)
            self._reporter.say()
            print(words, flush=True)

    @staticmethod
    def _missing(features: FeatureSet, photos: PhotoSource, views: tuple[int, ...]) -> dict[int, np.ndarray]:
        """For each view the positions of the photos that have no row; of exact copies only the first."""
        first = np.zeros(photos.photos, bool)
        first[np.unique(photos.digests, return_index=True)[1]] = True
        found = {view: np.flatnonzero((features.positions(photos.digests, view) < 0) & first) for view in views}
        return {view: positions for view, positions in found.items() if len(positions)}

    def _fill(
        self,
        features: FeatureSet,
        frozen: Frozen,
        photos: PhotoSource,
        missing: dict[int, np.ndarray],
        count: int,
        known: int,
    ) -> None:
        reporter = self._reporter
        words = f"The network looks at every {'variation of every ' if 0 not in missing else ''}photo once."
        if known:
            words = f"Features reused: {known:,} of {known + count:,}; the network looks at the other photos."
        source: PhotoSource | FeatureSource = photos
        if frozen.halves:
            below, above = frozen.halves
            with contextlib.suppress(NotKept):  # then in one go; the later phase says why
                source = self.source(below, photos, 0 if 0 in missing else max(missing))
                frozen, words = above, "What the frozen layers saw goes through the layers that will be unfrozen, once."
        engine = self._opened(frozen)
        reporter.begin("features", words, count)
        reporter.say()
        print(words, flush=True)
        under_way: deque[tuple[int, Batch]] = deque()

        def inputs() -> Iterator[np.ndarray]:
            for view, positions in missing.items():
                for batch in source.pick(positions, BLOCK, view):
                    reporter.raise_if_stopped()
                    under_way.append((view, batch))
                    yield batch.inputs[batch.valid > 0]

        feed: Any = inputs()
        answers: Any = engine.map(feed)
        done, stored = 0, time.monotonic()
        waiting: dict[int, list[tuple[list[str], np.ndarray]]] = {}

        def store() -> None:
            for view, blocks in waiting.items():
                digests, rows = zip(*blocks, strict=True)
                features.append([digest for some in digests for digest in some], np.concatenate(rows), view)
            waiting.clear()

        with contextlib.closing(feed), contextlib.closing(answers):
            try:
                for rows in answers:
                    view, batch = under_way.popleft()
                    digests = [photos.digests[index] for index in batch.indices[batch.valid > 0]]
                    waiting.setdefault(view, []).append((digests, rows))
                    done += len(batch.indices)
                    if time.monotonic() - stored >= STORED:
                        store()
                        stored = time.monotonic()
                    reporter.advance(done, batch.photos)
            finally:
                store()

    def _opened(self, frozen: Frozen) -> Engine:
        if self._engine is None or self._engine[0] != frozen.part:
            self._reporter.begin("loading", "Getting the frozen part of the network ready for this machine.", 0)
            self._reporter.say()
            # OpenVINO is for one processor with 32 bits; everything else is TensorFlow's.
            other = bool(self._device.gpus) or self._device.mixed_precision or self._device.replicas > 1
            engine = open_engine(frozen.lower, frozen.part, self._engines_dir, gpu=other)
            DiskCache(self._engines_dir, ENGINES).make_room()
            print(f"The frozen part of the network runs on {engine.description}.", flush=True)
            if isinstance(engine, KerasEngine) and not other:
                self._reporter.notice("Looking at the photos takes longer than it could.", f"{engine.description}.")
            self._engine = frozen.part, engine
        return self._engine[1]

    def _key(self, part: FeatureSpec, varied: str) -> dict[str, str | int | float | None]:
        arithmetic = "mixed_float16" if self._device.mixed_precision else "float32"
        made_by = {"keras": importlib.metadata.version("keras"), "arithmetic": arithmetic, "pixels": PIXELS}
        return dataclasses.asdict(part) | made_by | {"varied": varied}
