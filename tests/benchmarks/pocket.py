"""How fast Pocket is, and how well it transfers by the app's own default recipe.

    python -m tests.benchmarks.pocket --photos ants_bees sign_digits --keras-home KERAS_HOME [--seeds 3]

Each photo set is trained by the command line, with no setting but the network: Pocket, Pocket that knows nothing, and
MobileNetV2 of width 0.35 with its ImageNet weights; then the built-in sample photos with the two Pockets. Printed: the
mean test accuracy over the seeds, and the two differences that count; and before them the photos per second that the
app's engine computes of Pocket at 96 px and of MobileNetV2 (alpha 1) at 224 px. `--speed` measures that alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from transfer.config import RunConfig
from transfer.networks.backbones import backbone
from transfer.samples.draw import draw

ROOT = Path(__file__).parents[2]
BATCH = 32
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


def compared(engines: Path, seconds: float) -> str:
    """Photos per second of both networks, decoding not counted: the middle of three turns of `seconds` each."""
    from transfer.learning.features.compiled import feature_spec
    from transfer.learning.features.cut import cut
    from transfer.learning.features.engine import Engine, open_engine
    from transfer.learning.model.classifier import build

    def opened(name: str) -> tuple[Engine, np.ndarray]:
        config, size = RunConfig(backbone=name, weights="random"), backbone(name).image_size
        lower = cut(build(config, 2), None).lower
        photos = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), dtype=np.uint8)
        return open_engine(lambda: lower, feature_spec(config, size), engines), photos

    def pace(engine: Engine, photos: np.ndarray) -> float:
        began = time.perf_counter()

        def batches() -> Iterator[np.ndarray]:
            yield photos
            while time.perf_counter() - began < seconds:
                yield photos

        count = sum(map(len, engine.map(batches())))
        return count / (time.perf_counter() - began)

    small, large = opened("Pocket"), opened("MobileNetV2")
    turns = [(pace(*small), pace(*large)) for _ in range(3)]
    ours, theirs = np.median(turns, axis=0)
    return (
        f"{small[0].description}: Pocket at {small[1].shape[1]} px {ours:.0f} photos per second, MobileNetV2 at "
        f"{large[1].shape[1]} px {theirs:.0f}; {ours / theirs:.1f} times as many (reach: at least 3)"
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="*", default=[], metavar="FOLDER")
    parser.add_argument("--keras-home", type=Path, help="where the weights of MobileNetV2 0.35 are")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--speed", action="store_true", help="photos per second only")
    parser.add_argument("--quick", action="store_true", help="see that it works: turns too short for real figures")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with tempfile.TemporaryDirectory() as engines:
        print(compared(Path(engines), 0.1 if options.quick else 8.0), flush=True)
    if options.speed:
        return
    if options.keras_home:
        os.environ["KERAS_HOME"] = str(options.keras_home.resolve())
    means: dict[str, list[float]] = {side: [] for side in SIDES}
    print("\n| photos | network | test accuracy, points, by seed | mean | seconds |\n|---|---|---|---|---|")
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
