"""Can its answers be trusted? Calibration, other things refused, classes it never saw: measured on both sides.

    python -m tests.benchmarks.trust --photos ANTS_BEES SIGN_DIGITS TRASH AERIAL FLOWERS [--seeds 5 6 7 8 9]
        [--left-out SIGN_DIGITS FLOWERS]

Each run is the default click on the network of a fresh installation. Calibration: expected calibration error on the
test photos, of the run's first answer and of its last one, beside what chance alone would show. Refused: the share of
the photos of each other set that are called unlike everything learned, and of the own test photos that are not.
Classes it never saw (`--left-out`): trained without each class in turn, how often a photo of it is stranger than a test
photo of the others (AUROC), by `Trust` and by the highest probability of the same answers; and by the same of the first
answer, which has not seen several depths.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks import drive, photo_sets
from tests.benchmarks.recipe import NETWORK, _trainer
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.scan import scan
from transfer.learning.analysis.calibration import calibration
from transfer.learning.analysis.trust import Trust
from transfer.learning.training.outcome import answers
from transfer.learning.training.trainer import Trainer
from transfer.runs.workspace import Workspace

MOST = 300  # photos of another set


@functools.cache
def scanned(photos: Path, seed: int) -> Dataset:
    """The photos of a folder, looked at once."""
    return scan(photos, seed=seed)


@dataclasses.dataclass
class Trained:
    """One run: what it said at first, what it says in the end, and what it knows of its limits."""

    trainer: Trainer
    first: tuple[np.ndarray, np.ndarray]
    last: tuple[np.ndarray, np.ndarray]
    trust: Trust

    @classmethod
    def of(cls, dataset: Dataset, config: RunConfig, workspace: Workspace) -> Trained:
        trainer = _trainer(dataset, config, workspace)
        trainer.train()
        first = answers(trainer.outcome.measured("test"))
        refined = trainer.outcome.refine()
        if not (refined and refined.better):
            trainer.outcome.calibrate()
        trust = trainer.outcome.trust()
        assert trust is not None
        return cls(trainer, first, answers(trainer.outcome.measured("test")), trust)

    def asked(self, photos: list[Photo], root: str, last: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Features and probabilities of any photos."""
        outcome = self.trainer.outcome
        of = dataclasses.replace(
            self.trainer.dataset, root=root, photos=tuple(dataclasses.replace(p, split="test", label=0) for p in photos)
        )
        rows, _, real = outcome._look(dataclasses.replace(of, photos=tuple(_as(p, "train") for p in of.photos)))
        kept = outcome._dataset, outcome._data._dataset, outcome._refinement
        outcome._dataset = outcome._data._dataset = of
        outcome._refinement = outcome._refinement if last else None
        try:
            return rows[real], answers(outcome.measured("test"))[0]
        finally:
            outcome._dataset, outcome._data._dataset, outcome._refinement = kept


def _as(photo: Photo, split: str) -> Photo:
    return dataclasses.replace(photo, split=split)  # type: ignore[arg-type]


def auroc(own: np.ndarray, other: np.ndarray) -> float:
    """How often one of `other` is above one of `own`, in points."""
    return 100 * float(((other[:, None] > own).mean() + (other[:, None] >= own).mean()) / 2)


def without(dataset: Dataset, label: int) -> Dataset:
    """The dataset as if a class had never been there."""
    photos = [
        dataclasses.replace(photo, label=photo.label - (photo.label > label))
        for photo in dataset.photos
        if photo.label != label
    ]
    classes = tuple(name for place, name in enumerate(dataset.classes) if place != label)
    return dataclasses.replace(dataset, classes=classes, photos=tuple(photos))


def left_out(dataset: Dataset, config: RunConfig, workspace: Workspace) -> tuple[float, float, float]:
    """AUROC by trust, by the highest probability, and by that of the first answer: means over the classes."""
    found = []
    for label in range(len(dataset.classes)):
        others = without(dataset, label)
        trained = Trained.of(others, config, workspace)
        strangers = [photo for photo in dataset.photos if photo.label == label and photo.split != "train"]
        scores = []
        for photos in (list(others.of("test")), strangers):
            rows, said = trained.asked(photos, dataset.root)
            strange = trained.trust._strange(trained.trust._likeness(rows), said)
            scores.append((strange, -said.max(axis=1), -trained.asked(photos, dataset.root, last=False)[1].max(axis=1)))
        trained.trainer.close()
        found.append([auroc(own, other) for own, other in zip(*scores, strict=True)])
    trust, last, first = np.mean(found, axis=0)
    return float(trust), float(last), float(first)


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace(options.workspace or Path(place) / "workspace")
        if options.quick:
            generated = photo_sets.generated(Path(place) / "generated", 150, side=48)
            options.photos, options.left_out, options.seeds = [generated], [generated], options.seeds[:1]
        size = 64 if options.quick else None
        _calibrated_and_refused(options, workspace, size)
        rows = []
        for photos in options.left_out:
            config = RunConfig(photos=str(photos), backbone=NETWORK, image_size=size)
            found = [
                left_out(scanned(photos, seed), dataclasses.replace(config, seed=seed), workspace)
                for seed in options.seeds
            ]
            rows.append([photos.name, *(statistics.fmean(each) for each in zip(*found, strict=True))])
            print(rows[-1], file=sys.stderr, flush=True)
    if rows:
        rows.append(["mean", *(statistics.fmean(column) for column in list(zip(*rows, strict=True))[1:])])
        cells = [[row[0], *(f"{number:.1f}" for number in row[1:]), f"{row[1] - row[2]:+.1f}"] for row in rows]
        head = ["class left out, AUROC", "trust", "highest probability", "of the first answer", "trust - highest"]
        print(drive.table(head, cells))


def _calibrated_and_refused(options: argparse.Namespace, workspace: Workspace, size: int | None) -> None:
    names = [photos.name for photos in options.photos]
    errors, refused = [], []
    for photos in options.photos:
        before, after, chance, kept = [], [], [], []
        strange: dict[str, list[float]] = {name: [] for name in names if name != photos.name}
        for seed in options.seeds:
            config = RunConfig(photos=str(photos), backbone=NETWORK, image_size=size, seed=seed)
            trained = Trained.of(scanned(photos, seed), config, workspace)
            measured = calibration(*trained.last)
            before.append(100 * calibration(*trained.first).error)
            after.append(100 * measured.error)
            chance.append(100 * measured.chance)
            sets = {photos.name: list(trained.trainer.dataset.of("test"))}
            for other in options.photos:
                found = scanned(other, options.seeds[0]).photos
                sets.setdefault(other.name, list(found[:: max(1, len(found) // MOST)]))
            for other in options.photos:
                rows, said = trained.asked(sets[other.name], scanned(other, options.seeds[0]).root)
                share = 100 * statistics.fmean(bool(each.unfamiliar) for each in trained.trust.tell(said, rows))
                (kept if other == photos else strange[other.name]).append(share)
            trained.trainer.close()
        errors.append([photos.name, *map(statistics.fmean, (before, after, chance))])
        own = 100 - statistics.fmean(kept)
        refused.append(
            [photos.name, f"{own:.1f}", *(f"{statistics.fmean(strange[n]):.1f}" if n in strange else "" for n in names)]
        )
        print(errors[-1], refused[-1], file=sys.stderr, flush=True)
    if errors:
        errors.append(["mean", *(statistics.fmean(column) for column in list(zip(*errors, strict=True))[1:])])
        head = ["calibration error, points", "first answer", "last answer", "by chance alone", "last / first"]
        print(drive.table(head, [[r[0], *(f"{n:.1f}" for n in r[1:]), f"{r[2] / r[1]:.2f}"] for r in errors]))
        print(drive.table(["refused, %; model of", "own kept", *names], refused))


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="sets that each get a run, and are mixed up")
    parser.add_argument("--left-out", type=Path, nargs="*", default=[], help="sets whose classes are left out in turn")
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6, 7, 8, 9])
    parser.add_argument("--workspace", type=Path, help="where features are kept, to go on from an earlier try")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
