"""Review: which photos of a run are worth a second look, written to `evaluation/review.json`.

Made when somebody asks, from the features that the run has kept; no training, and mostly no network either. What is
looked for is in `suspects` and `near_copies`, which photos belong together in `dataset.groups`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from transfer.config import RunConfig
from transfer.dataset.dataset import SPLITS, Dataset, Photo, Split
from transfer.dataset.groups import SIGNS, Member, groups, taken
from transfer.dataset.photo import open_photo
from transfer.dataset.subset import as_training
from transfer.errors import RunError
from transfer.learning.analysis.near_copies import SIDE, Copy, near_copies
from transfer.learning.analysis.suspects import ODD, Opinion, odd_ones, opinion
from transfer.learning.features.compiled import backbone_spec
from transfer.learning.features.early import Processor, Quiet, known_size
from transfer.learning.features.extraction import FeatureExtractor, NotKept
from transfer.learning.features.stage import Stage
from transfer.learning.inbox import Inbox
from transfer.learning.pipeline import PhotoSource
from transfer.learning.training.phases import class_weights
from transfer.runs.predictions import predictions
from transfer.runs.review import Leak, Pair, Review, Suspect
from transfer.runs.run import Run
from transfer.runs.whole_file import write_whole
from transfer.runs.workspace import Workspace

MOST = 60  # photos in a list
BATCH = 32
THREADS = 4  # that read photos


@dataclass(frozen=True)
class LookedAt:
    """What the frozen network sees in the photos of a run.

    Attributes:
        photos: those that can be read.
        rows: (photos, sum of parts) features.
        parts: how wide those of each depth are, the last one last.
    """

    photos: tuple[Photo, ...]
    rows: np.ndarray
    parts: tuple[int, ...]

    @property
    def last(self) -> np.ndarray:
        """The features of the last depth alone."""
        return self.rows[:, -self.parts[-1] :]


def review(run: Run, machine: Callable[[], object]) -> Review:
    """Look, and write what was found.

    Args:
        run: which was measured.
        machine: called before TensorFlow is used, which it only is where features are missing.

    Raises:
        RunError: when there is nothing to look at.
    """
    began = time.perf_counter()
    dataset = run.dataset
    seen = looked_at(run, machine)
    labels = np.array([photo.label for photo in seen.photos])
    said = opinion(run.config, seen.rows, labels, seen.parts, class_weights(run.config, dataset))
    sides = np.array([SPLITS.index(photo.split) for photo in seen.photos])
    copies = near_copies(seen.last, sides, lambda which: pictures(dataset, seen.photos, which))
    found = _listed(dataset, seen, said, copies)
    found = dataclasses.replace(
        found, leak=_leak(run, seen.photos, copies), seconds=round(time.perf_counter() - began, 2)
    )
    run.evaluation_dir.mkdir(exist_ok=True)
    write_whole(run.review_file, json.dumps(found.to_dict()))
    return found


def looked_at(run: Run, machine: Callable[[], object]) -> LookedAt:
    """The features of all photos of a run; those that were not kept are computed now."""
    dataset, config = run.dataset, run.config_at()
    everything = as_training(dataset, dataset.photos)
    inbox = Inbox(run.mailbox)
    inbox.finish()  # what was asked of the training is not asked of this
    extractor = FeatureExtractor(Workspace.of(run), Processor(), Quiet(run), inbox)
    with contextlib.closing(extractor):
        try:
            try:
                stages, size = _known(config, extractor)
                source = extractor.extract(stages, PhotoSource(everything, "train", size, BATCH))
            except NotKept:
                machine()
                stages, size = _built(run, config, extractor)
                source = extractor.extract(stages, PhotoSource(everything, "train", size, BATCH))
        except NotKept as trouble:
            raise RunError(
                "The photos cannot be looked at again.",
                expected="room in the workspace for what the network says about them",
                found=str(trouble),
                fix="Delete what you no longer need, then try again.",
            ) from trouble
        rows, real = source.everything()
    if not real.any():
        raise RunError(
            f"None of the photos of “{run.name}” is as it was.",
            expected=f"photos in {dataset.root}",
            fix="Check that the folder is still there, or train again.",
        )
    photos = tuple(photo for photo, there in zip(dataset.photos, real, strict=True) if there)
    rows = rows[real].reshape(len(photos), -1)
    return LookedAt(photos, rows, stages[-1].parts or (rows.shape[1],))


def _known(config: RunConfig, extractor: FeatureExtractor) -> tuple[tuple[Stage, ...], int]:
    """What the features of a run are kept under, found without Keras.

    Raises:
        NotKept: when that takes Keras; also later, from the stage, when photos are missing and there is no engine.
    """
    size = known_size(config)
    stage = extractor.known(backbone_spec(config, size), _no_model) if size else None
    if stage is None or size is None:
        raise NotKept("no photo was ever looked at")
    return (stage,), size


def _no_model() -> None:
    raise NotKept("there is no engine")


def _built(run: Run, config: RunConfig, extractor: FeatureExtractor) -> tuple[tuple[Stage, ...], int]:
    """The same with the network built where that is needed."""
    from transfer.learning import device
    from transfer.learning.training.network import TrainedNetwork

    if config.fine_tunes:  # the features of the network as it was before
        config = dataclasses.replace(config, frozen_layers=None, refinement="off")
    classes = len(run.dataset.classes)
    network = TrainedNetwork(config, classes, device.choose(), Quiet(run), extractor)
    return network.stages("head"), network.image_size


def pictures(dataset: Dataset, photos: Sequence[Photo], which: Sequence[int]) -> dict[int, np.ndarray]:
    """Grey pictures (SIDE, SIDE) of some photos, by their positions; without those that cannot be read."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="photos") as threads:
        read = threads.map(lambda at: _grey(dataset, photos[at]), which)
        return {at: grey for at, grey in zip(which, read, strict=True) if grey is not None}


def _grey(dataset: Dataset, photo: Photo) -> np.ndarray | None:
    try:
        image = open_photo(dataset.path(photo), at_least=2 * SIDE)
    except (OSError, ValueError):
        return None
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float64)


# ---------------------------------------------------------------------- what is found


def _listed(dataset: Dataset, seen: LookedAt, said: Opinion, copies: Sequence[Copy]) -> Review:
    def suspect(at: int) -> Suspect:
        photo, named = seen.photos[at], int(said.other[at])
        return Suspect(
            photo.path,
            photo.digest,
            photo.split,
            label=dataset.classes[photo.label],
            said=dataset.classes[named],
            confidence=round(float(said.probabilities[at, named]), 4),
            own=round(float(said.own[at]), 4),
        )

    def pair(copy: Copy) -> Pair:
        ends = sorted((copy.first, copy.second), key=lambda at: -SPLITS.index(seen.photos[at].split))
        return Pair(suspect(ends[0]), suspect(ends[1]), copy.mirrored, round(copy.correlation, 4))

    def listed(order: np.ndarray, allowed: np.ndarray) -> tuple[Suspect, ...]:
        return tuple(suspect(at) for at in order[allowed[order]][:MOST])

    mislabelled = said.mislabelled
    odd = np.where(mislabelled, 0, odd_ones(seen.last, said.labels))
    return Review(
        photos=len(seen.photos),
        suspected=int(mislabelled.sum()),
        mislabelled=listed(np.argsort(said.margin, kind="stable"), mislabelled),
        uncertain=listed(np.argsort(said.uncertain(), kind="stable"), ~mislabelled),
        odd=listed(np.argsort(-odd, kind="stable"), odd > ODD),
        copies=tuple(pair(copy) for copy in copies[:MOST]),
        pairs=_digests(seen.photos, copies),
    )


def _digests(photos: Sequence[Photo], copies: Sequence[Copy]) -> tuple[tuple[str, str], ...]:
    return tuple((photos[copy.first].digest, photos[copy.second].digest) for copy in copies)


def _leak(run: Run, photos: Sequence[Photo], copies: Sequence[Copy]) -> Leak | None:
    """What the score owes to photos that belong together with some that were learned from."""
    dataset, metrics = run.dataset, run.metrics()
    right = {each.path: each.right for each in predictions(run)}
    if metrics is None or not right:
        return None
    moments = taken([dataset.path(photo) for photo in photos])
    members = [
        Member(photo.path, dataset.classes[photo.label], photo.digest, moment)
        for photo, moment in zip(photos, moments, strict=True)
    ]
    pairs, by_sign = _digests(photos, copies), {}
    for sign in SIGNS:
        if sign != "day":
            by_sign[sign] = _shared(photos, metrics.split, groups(members, pairs, (sign,)).of) & right.keys()
    shared = set().union(*by_sign.values())
    return Leak(
        split=metrics.split,
        photos=len(right),
        shared=len(shared),
        right_shared=sum(right[path] for path in shared),
        right_others=sum(named for path, named in right.items() if path not in shared),
        low=metrics.low,
        signs={sign: len(paths) for sign, paths in by_sign.items() if paths},
    )


def _shared(photos: Sequence[Photo], split: Split, together: Mapping[str, str]) -> set[str]:
    """The measured photos of whose group another one is in another split."""
    elsewhere = {together[photo.digest] for photo in photos if photo.split != split and photo.digest in together}
    return {photo.path for photo in photos if photo.split == split and together.get(photo.digest) in elsewhere}
