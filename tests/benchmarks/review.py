"""Photos to look at again: are flipped labels among the first suspects, and planted copies among the near copies?

    python -m tests.benchmarks.review --photos SIGN_DIGITS ANTS_BEES --copies-of FLOWERS [--seeds 5]

Of each folder 5 % of the labels are flipped, another 5 % for each seed. Printed are the share of flipped photos among
as many first suspects, and beside it that of the same photos ordered by what a softmax regression (the head as it is
trained, scikit-learn's, ten-fold) says of them. Copies are planted across the split, cut by 5 %, compressed (JPEG 50),
turned by 3 degrees and made half as large; false alarms are counted among the 1,000 other pairs that are nearest each
other by their features. Everything from features of EfficientNet-Lite0; nothing is trained.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks import drive, photo_sets
from transfer.config import RunConfig
from transfer.dataset.dataset import SPLITS
from transfer.dataset.photo import open_photo
from transfer.dataset.scan import scan
from transfer.learning.analysis.near_copies import SAME, compared, near_copies
from transfer.learning.analysis.review import LookedAt, looked_at, pictures
from transfer.learning.analysis.suspects import opinion
from transfer.learning.analysis.trust import unit
from transfer.learning.training.phases import class_weights
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

FLIPPED, COPIED, NEAREST = 0.05, 40, 1000

WAYS: dict[str, Callable[[Image.Image], tuple[Image.Image, int]]] = {
    "cut by 5 %": lambda image: (image.crop(_inner(image.size)), 92),
    "JPEG 50": lambda image: (image, 50),
    "turned by 3°": lambda image: (image.rotate(3, Image.Resampling.BICUBIC), 92),
    "half as large": lambda image: (image.resize((image.width // 2, image.height // 2)), 92),
}


def _inner(size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = round(0.05 * size[0]), round(0.05 * size[1])
    return left, top, size[0] - left, size[1] - top


def seen(folder: Path, workspace: Path) -> tuple[Run, LookedAt]:
    """A run over a folder that nobody trained, and what its frozen network sees."""
    config = RunConfig(photos=str(folder), backbone="EfficientNetLite0")
    run = Workspace(workspace).create(config, scan(folder))
    return run, looked_at(run, lambda: None)


def suspects(folder: Path, workspace: Path, seeds: int, beside: bool) -> list[list[str]]:
    run, looked = seen(folder, workspace)
    labels, classes = np.array([photo.label for photo in looked.photos]), len(run.dataset.classes)
    count, found, rows = round(FLIPPED * len(labels)), list[tuple[float, float]](), []
    for seed in range(seeds):
        dice = np.random.default_rng(seed)
        flipped = dice.choice(len(labels), count, replace=False)
        wrong = labels.copy()
        wrong[flipped] = (wrong[flipped] + dice.integers(1, classes, count)) % classes
        began = time.perf_counter()
        weights = class_weights(run.config, run.dataset)
        order = np.argsort(opinion(run.config, looked.rows, wrong, looked.parts, weights).margin, kind="stable")
        seconds = time.perf_counter() - began
        ours = len(set(order[:count]) & set(flipped)) / count
        theirs = len(set(_softmax(looked.last, wrong)[:count]) & set(flipped)) / count if beside else float("nan")
        found.append((theirs, ours))
        rows.append(
            [folder.name, str(seed), f"{count} of {len(labels)}", f"{theirs:.2f}", f"{ours:.2f}", f"{seconds:.1f} s"]
        )
    means = [f"{statistics.fmean(column):.2f}" for column in zip(*found, strict=True)]
    return [*rows, [folder.name, "all", "", means[0], f"**{means[1]}**", ""]]


def _softmax(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Photos in the order of the margin of their label, by ten-fold softmax regressions."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    shares = cross_val_predict(probe, rows.astype(np.float32), labels, cv=10, method="predict_proba")
    own = shares[np.arange(len(labels)), labels].copy()
    shares[np.arange(len(labels)), labels] = -1
    return np.argsort(own - shares.max(axis=1), kind="stable")


def planted(photos: Path, into: Path, seed: int) -> dict[str, tuple[str, str]]:
    """A folder with train and test folders, and copies of training photos among the test photos.

    Returns:
        of each copy how it was made and the path of its original.
    """
    dataset, dice = scan(photos), np.random.default_rng(seed)
    chosen = [dataset.photos[at] for at in dice.permutation(len(dataset.photos))[: 20 * COPIED]]
    made: dict[str, tuple[str, str]] = {}
    for number, photo in enumerate(chosen):
        side, name = ("test" if number % 4 == 3 else "train"), dataset.classes[photo.label]
        place = into / side / name / f"{number:04}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        image = open_photo(dataset.path(photo))
        image.save(place)
        if side == "train" and len(made) < COPIED * len(WAYS):
            way = list(WAYS)[len(made) % len(WAYS)]
            changed, quality = WAYS[way](image)
            copy = into / "test" / name / f"copy {number:04}.jpg"
            copy.parent.mkdir(parents=True, exist_ok=True)
            changed.save(copy, quality=quality)
            made[copy.relative_to(into).as_posix()] = (way, place.relative_to(into).as_posix())
    return made


def copies(photos: Path, place: Path, seed: int) -> list[list[str]]:
    made = planted(photos, place / f"planted {photos.name} {seed}", seed)
    run, looked = seen(place / f"planted {photos.name} {seed}", place / "workspace")
    paths = [photo.path for photo in looked.photos]
    sides = np.array([SPLITS.index(photo.split) for photo in looked.photos])
    began = time.perf_counter()
    found = near_copies(looked.last, sides, lambda which: pictures(run.dataset, looked.photos, which))
    seconds = time.perf_counter() - began
    pairs = {frozenset((paths[each.first], paths[each.second])) for each in found}
    rows = []
    for way in WAYS:
        wanted = [frozenset((copy, original)) for copy, (how, original) in made.items() if how == way]
        hits = sum(pair in pairs for pair in wanted)
        rows.append([photos.name, str(seed), way, f"{hits} of {len(wanted)}", ""])
    wanted = {frozenset((copy, original)) for copy, (_, original) in made.items()}
    alarms, others = _false_alarms(run, looked, sides, wanted)
    share = len(wanted & pairs) / len(wanted)
    rows.append([photos.name, str(seed), f"all, in {seconds:.1f} s", f"**{share:.1%}**", f"**{alarms} of {others}**"])
    return rows


def _false_alarms(run: Run, looked: LookedAt, sides: np.ndarray, wanted: set[frozenset[str]]) -> tuple[int, int]:
    """How many of the nearest other pairs across the sides are taken for copies, and how many were looked at."""
    rows = unit(looked.last - looked.last.mean(axis=0))
    alike = np.where(np.triu(sides[:, None] != sides), rows @ rows.T, -1)
    order = np.argsort(-alike, axis=None)[: NEAREST + len(wanted)]
    pairs = [(int(at) // len(rows), int(at) % len(rows)) for at in order]
    named = [(pair, frozenset(looked.photos[at].path for at in pair)) for pair in pairs]
    others = [pair for pair, names in named if names not in wanted][:NEAREST]
    small = pictures(run.dataset, looked.photos, sorted({at for pair in others for at in pair}))
    return sum(compared(small[one], small[other])[1] >= SAME for one, other in others), len(others)


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    drive.use_keras_home(options)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        generated = [photo_sets.generated(place / "generated", 60, side=96)] if options.quick else []
        rows = []
        for photos in generated or [each.resolve() for each in options.photos or []]:
            rows += suspects(photos, place / "workspace", 1 if options.quick else options.seeds, not options.quick)
        head = ["photos", "seed", "flipped", "softmax regression", "ours", "took"]
        print(drive.table(head, rows))
        for photos in generated or ([options.copies_of.resolve()] if options.copies_of else []):
            rows = [row for seed in range(options.copy_seeds) for row in copies(photos, place, seed)]
            print("\n" + drive.table(["photos", "seed", "copies", "found", "false alarms"], rows))


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, nargs="+", help="folders whose labels are flipped")
    parser.add_argument("--copies-of", type=Path, help="a folder of which copies are planted")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--copy-seeds", type=int, default=1)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
