"""Extraction: what the frozen layers say about each photo, computed once and trained from.

A frozen layer gives the same answer every epoch, so its answers, the features, are kept in the workspace's feature
store and found again by the content of the photos, by this run and by later ones. A frozen network is a chain of
stages: photo -> maps below the layers that will be unfrozen -> pooled features. Each stage computes from what the stage
before it has kept, so that the photos go through the lower layers once for both phases. Here the photos that are still
missing are read, put through the engine and stored, all three at the same time, and what is stored becomes batches.
Where the network is cut is decided in `cut`, what computes a stage in `engines`, where the numbers lie in
`feature_store`.

Which engine computed a row is not part of its key: an engine is used only when it answers as Keras does. Nor is the
stage before it, so that runs which freeze other layers share what the whole network sees: those rows differ by what
keeping the maps of that stage rounds away (float16, 5e-4 of each number; 3e-5 of a loss was seen).
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from transfer import disk
from transfer.feature_store.store import FeatureSet, FeatureStore, OutOfRange
from transfer.learning.features.compiled import DEPTHS, FeatureSpec
from transfer.learning.features.engine import Engine
from transfer.learning.features.engines import Arithmetic, Engines
from transfer.learning.features.source import FeatureSource
from transfer.learning.features.stage import Stage
from transfer.learning.features.writer import Writer
from transfer.learning.inbox import Inbox
from transfer.learning.pipeline import Batch, PhotoSource
from transfer.learning.reporter import Reporter
from transfer.runs.workspace import Workspace

if TYPE_CHECKING:
    import keras

PIXELS = 1  # raise it when photos are read or varied differently
BLOCK = 32  # photos that are computed together
TIMED, LONGEST = 4 * BLOCK, 2.0  # photos that are looked at again to learn how fast that is, and seconds


class NotKept(Exception):
    """Features cannot be kept; the reason, in words for people."""


class FeatureExtractor:
    """The kept features of one run.

    Args:
        workspace: where they are kept, and the engines.
        device: what the run trains on.
        reporter: where progress goes.
        inbox: where a stop is asked for.
        store: another place for them than the workspace's.
        dtype: how they are stored, float16 or float32; what float16 cannot hold becomes float32 by itself.
        reserve: bytes of the disk that the run needs for something else; features that would take them are not kept.

    Attributes:
        engines: what computes them.
    """

    def __init__(
        self,
        workspace: Workspace,
        device: Arithmetic,
        reporter: Reporter,
        inbox: Inbox,
        store: FeatureStore | None = None,
        dtype: str = "float16",
        reserve: int = 0,
    ) -> None:
        self._store = store or workspace.features
        self.engines = Engines(workspace.engines_dir, device, reporter, reserve)
        self._device, self._reporter, self._inbox, self._dtype = device, reporter, inbox, dtype
        self._reserve = reserve
        self._opened: list[FeatureSet] = []
        self._pace: float | None = None

    def close(self) -> None:
        """Let go of everything: other runs may need the room."""
        self.engines.release()
        while self._opened:
            self._opened.pop().close()

    def known(self, features: FeatureSpec, model: Callable[[], keras.Model]) -> Stage | None:
        """What computes some features from the photo, as one stage; None where `model` has to be made to know of it.

        Known it is when any photo was ever asked about, or an engine is kept to be asked.
        """
        key = self._key(features, "off")
        shape, parts = self._store.row_shape(key), self._store.row_parts(key) or ()
        if features.cut == DEPTHS and not parts:
            return None
        if shape is None and (engine := self.engines.kept(features)) is not None:
            shape = engine.output_shape
        return None if shape is None else Stage(features, features, shape, model, parts)

    def extract(self, stages: Sequence[Stage], photos: PhotoSource, views: int = 0) -> FeatureSource:
        """What the last of some stages says about a split; what is missing is computed now.

        Args:
            stages: of the frozen network, beginning at the photo; at least one.
            photos: of the split.
            views: how many variations of each photo; 0 for the photos as they are.

        Raises:
            Stopped: when the user asked to stop; what was computed is kept.
            NotKept: when they cannot be stored.
            OSError: when the disk is full.
        """
        stage = stages[-1]
        numbers = tuple(range(1, views + 1)) if views else (0,)
        key = self._key(stage.features, photos.augmentation if views else "off")
        try:
            kept = self._store.open(key, stage.shape, self._dtype, stage.parts)
            self._opened.append(kept)
            self._complete(kept, stages, photos, numbers)
            places = np.stack([kept.positions(photos.digests, number) for number in numbers])
            return FeatureSource(kept.rows, places, photos.labels, photos.batch_size)
        except OutOfRange as trouble:
            if not trouble.finite or kept.dtype == np.float32:
                raise NotKept(f"the frozen part of the network gives values that are {trouble}") from trouble
            self._store.too_narrow(kept)
            self._opened.pop().close()
            return self.extract(stages, photos, views)
        except OSError as trouble:
            if disk.is_full(trouble):  # training without them would go another way, and meet the full disk as well
                raise
            raise NotKept(f"they could not be written to the disk ({trouble})") from trouble

    def photos_per_second(self, stages: Sequence[Stage], photos: PhotoSource) -> float:
        """How many photos go through some stages in a second: of late, or else of some that are looked at again."""
        if self._pace is None:
            some = {0: np.arange(min(photos.photos, TIMED))}
            engines = [self.engines.of(stage) for stage in stages]
            began, counts = time.monotonic(), list[int]()
            with contextlib.closing(self._answers(photos, some, engines)) as answers:
                for *_, rows in answers:
                    if not counts and photos.photos > BLOCK:
                        began = time.monotonic()  # by now everything is under way
                    counts.append(len(rows))
                    if time.monotonic() - began > LONGEST:
                        break
            self._pace = sum(counts[1:] or counts) / max(time.monotonic() - began, 1e-6)
        return self._pace

    # ------------------------------------------------------------------ what is missing

    def _complete(self, kept: FeatureSet, stages: Sequence[Stage], photos: PhotoSource, views: tuple[int, ...]) -> None:
        if self._missing(kept, photos, views):
            # One process computes, another one that needs the same waits for it.
            with kept.writing(waiting=self._inbox.raise_if_stopped):
                missing = self._missing(kept, photos, views)
                count = sum(len(positions) for positions in missing.values())
                if not self._store.make_room(count * kept.row_bytes):
                    needed, cap = count * kept.row_bytes / 1e9, self._store.cap_bytes / 1e9
                    raise NotKept(f"they would take {needed:.1f} GB of the {cap:g} GB set aside for them")
                if count * kept.row_bytes + self._reserve > disk.free(self._store.folder):
                    sizes = count * kept.row_bytes, disk.free(self._store.folder)
                    raise NotKept("they would take {} of the {} free on the disk".format(*map(disk.megabytes, sizes)))
                if missing:
                    self._compute(kept, stages, photos, missing, len(views) * photos.photos - count)
                    return
        message = "Features reused: the network has looked at these photos before."
        self._reporter.begin("features", message, photos.photos, done=photos.photos)
        self._reporter.say()
        print(message, flush=True)

    @staticmethod
    def _missing(kept: FeatureSet, photos: PhotoSource, views: tuple[int, ...]) -> dict[int, np.ndarray]:
        """For each view the positions of the photos that have no row; of exact copies only the first."""
        first = np.zeros(photos.photos, bool)
        first[np.unique(photos.digests, return_index=True)[1]] = True
        found = {view: np.flatnonzero((kept.positions(photos.digests, view) < 0) & first) for view in views}
        return {view: positions for view, positions in found.items() if len(positions)}

    def _compute(
        self,
        kept: FeatureSet,
        stages: Sequence[Stage],
        photos: PhotoSource,
        missing: dict[int, np.ndarray],
        known: int,
    ) -> None:
        """Compute and store what is missing; `known` rows are there already."""
        count = sum(len(positions) for positions in missing.values())
        message = f"The network looks at every {'variation of every ' if 0 not in missing else ''}photo once."
        if known:
            message = f"Features reused: {known:,} of {known + count:,}; the network looks at the other photos."
        inputs: PhotoSource | FeatureSource = photos
        if stages[:-1]:
            with contextlib.suppress(NotKept):  # then from the photos in one go; the later phase says why
                inputs = self.extract(stages[:-1], photos, 0 if 0 in missing else max(missing))
                stages = stages[-1:]
                message = "What the frozen layers saw goes through the layers that will be unfrozen, once."
        engines = [self.engines.of(stage) for stage in stages]
        self._reporter.begin("features", message, count)
        self._reporter.say()
        print(message, flush=True)
        writer, began = Writer(kept), time.monotonic()
        with contextlib.closing(writer), contextlib.closing(self._answers(inputs, missing, engines)) as answers:
            done = 0
            for view, batch, rows in answers:
                writer.add(view, [photos.digests[index] for index in batch.indices[batch.valid > 0]], rows)
                done += len(batch.indices)
                self._reporter.advance(done, batch.photos)
        self._reporter.looked(count, count * kept.row_bytes, time.monotonic() - began)
        if count >= BLOCK and isinstance(inputs, PhotoSource):
            self._pace = count / max(time.monotonic() - began, 1e-6)

    def _answers(
        self, inputs: PhotoSource | FeatureSource, missing: dict[int, np.ndarray], engines: list[Engine]
    ) -> Generator[tuple[int, Batch, np.ndarray]]:
        """(view, batch of inputs, what the engines in a row say about its real samples) for all that is missing."""
        under_way: deque[tuple[int, Batch]] = deque()

        def feed() -> Generator[np.ndarray]:
            for view, positions in missing.items():
                for batch in inputs.pick(positions, BLOCK, view):
                    self._inbox.raise_if_stopped()
                    under_way.append((view, batch))
                    yield batch.inputs[batch.valid > 0]

        with contextlib.ExitStack() as open_generators:
            answers = open_generators.enter_context(contextlib.closing(feed()))
            for engine in engines:
                answers = open_generators.enter_context(contextlib.closing(engine.map(answers)))
            for rows in answers:
                yield *under_way.popleft(), rows

    def _key(self, features: FeatureSpec, varied: str) -> dict[str, str | int | float | None]:
        arithmetic = "mixed_float16" if self._device.mixed_precision else "float32"
        made_by = {"keras": importlib.metadata.version("keras"), "arithmetic": arithmetic, "pixels": PIXELS}
        return dataclasses.asdict(features) | made_by | {"varied": varied}
