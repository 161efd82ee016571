"""Is Transfer as accurate as the tutorial? Test accuracy, ours minus theirs, on the same splits, seed by seed.

    python -m tests.benchmarks.accuracy --photos FOLDER… --keras-home KERAS_HOME [--seeds 5] [--epochs 10]

For each seed both sides get the same division of the photos, network, head, optimizer, learning rate, batch size and
number of epochs. What is left to differ is what Transfer does otherwise: its photo decoder, the engine, 16-bit
features, and keeping the best epoch. The interval is Student's t over the paired differences.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import drive, photo_sets
from tests.benchmarks.drive import Task

# Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom.
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


def interval(differences: list[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval of paired differences; without an interval (NaN) when there is only one."""
    mean = statistics.fmean(differences)
    if len(differences) < 2:
        return mean, math.nan, math.nan
    freedom = len(differences) - 1
    half = (T[freedom - 1] if freedom <= len(T) else 1.96) * statistics.stdev(differences) / math.sqrt(len(differences))
    return mean, mean - half, mean + half


def pairs(photos: Path, task: Task, seeds: int, place: Path) -> Iterator[tuple[float, float]]:
    """Test accuracy of the tutorial and of Transfer for each seed, in points (0 to 100)."""
    for seed in range(seeds):
        folder = place / f"{photos.name}-{seed}"
        photo_sets.divided(photos, folder, seed)
        seeded = Task(**{**vars(task), "seed": seed})
        theirs = drive.tutorial(folder, seeded).test_accuracy
        ours = drive.command(folder, seeded, place / "workspace").test_accuracy
        if theirs is None or ours is None:
            raise RuntimeError(f"{photos.name} has no test photos")
        yield 100 * theirs, 100 * ours


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    weights = drive.use_keras_home(options)
    quick = options.quick
    task = Task(options.backbone, options.alpha, weights, 32 if quick else 224, 1 if quick else options.epochs)
    head = ["photos", "seed", "tutorial", "Transfer", "difference, points", "reach"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sets = (
            options.photos if options.photos and not quick else [photo_sets.generated(place / "generated", 60, side=48)]
        )
        for photos in sets:
            found = list(pairs(photos.resolve(), task, 1 if quick else options.seeds, place))
            for seed, (theirs, ours) in enumerate(found):
                rows.append([photos.name, str(seed), f"{theirs:.1f}", f"{ours:.1f}", f"{ours - theirs:+.1f}", ""])
            mean, low, high = interval([ours - theirs for theirs, ours in found])
            theirs, ours = (statistics.fmean(column) for column in zip(*found, strict=True))
            shown = f"**{mean:+.1f}** (95 % interval {low:+.1f} to {high:+.1f})"
            rows.append([photos.name, "all", f"{theirs:.1f}", f"{ours:.1f}", shown, "≥ -1.0"])
    print(drive.table(head, rows))


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, nargs="+", help="folders of photos; else generated ones")
    parser.add_argument("--backbone", default="MobileNetV2")
    parser.add_argument("--alpha", type=float, default=0.35)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
