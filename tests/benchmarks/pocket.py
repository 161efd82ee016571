"""How well Pocket transfers, by the app's own default recipe: the command line with no setting but the network.

    python -m tests.benchmarks.pocket --photos ants_bees sign_digits --keras-home KERAS_HOME [--seeds 3]

Each photo set is trained with Pocket, with Pocket that knows nothing, and with MobileNetV2 of width 0.35 and its
ImageNet weights; then the built-in sample photos with the two Pockets. Printed: the mean test accuracy over the seeds,
and the two differences that count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from transfer.dataset.samples import draw

ROOT = Path(__file__).parents[2]
SIDES = {
    "Pocket": ["--backbone", "Pocket"],
    "Pocket, random": ["--backbone", "Pocket", "--weights", "random"],
    "MobileNetV2 0.35": ["--backbone", "MobileNetV2", "--alpha", "0.35"],
}


def accuracy(photos: Path, flags: list[str], seed: int, workspace: Path) -> tuple[float, float]:
    """Test accuracy in points, and the seconds from the command to the end of the run."""
    command = [sys.executable, "-m", "transfer", "train", str(photos), "--json", "--workspace", str(workspace)]
    done = subprocess.run(
        [*command, "--seed", str(seed), *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return 100 * said["test_accuracy"], said["seconds"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="*", default=[], metavar="FOLDER")
    parser.add_argument("--keras-home", type=Path, help="where the weights of MobileNetV2 0.35 are")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.keras_home:
        os.environ["KERAS_HOME"] = str(options.keras_home.resolve())
    means: dict[str, list[float]] = {side: [] for side in SIDES}
    print("| photos | network | test accuracy, points, by seed | mean | seconds |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        workspace = Path(place) / "workspace"
        samples = draw(Path(place))
        for photos in (*options.photos, samples):
            for side, flags in SIDES.items():
                if side.startswith("MobileNet") and (photos == samples or not options.keras_home):
                    continue
                found = [accuracy(photos.resolve(), flags, seed, workspace) for seed in range(options.seeds)]
                points, seconds = zip(*found, strict=True)
                mean = statistics.fmean(points)
                if photos != samples:
                    means[side].append(mean)
                by_seed = ", ".join(f"{value:.1f}" for value in points)
                longest = ", ".join(f"{value:.0f}" for value in seconds)
                print(f"| {photos.name} | {side} | {by_seed} | {mean:.1f} | {longest} |", flush=True)
    if means["Pocket"]:
        mean = {side: statistics.fmean(values) for side, values in means.items() if values}
        print(f"\nPocket minus random: {mean['Pocket'] - mean['Pocket, random']:+.1f} points (reach: at least +15)")
        if "MobileNetV2 0.35" in mean:
            difference = mean["Pocket"] - mean["MobileNetV2 0.35"]
            print(f"Pocket minus MobileNetV2 0.35: {difference:+.1f} points (reach: at least -8)")


if __name__ == "__main__":
    main()
