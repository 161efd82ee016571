"""Megabytes and milliseconds of exported networks, from the smallest on offer to ResNet50, in every format.

    python -m tests.benchmarks.exports [--networks NAME …] [--formats NAME …] [--quick]

Each model has random weights, which changes neither size nor speed, and is proven as in the app: by the program in its
zip, in a process of its own, one photo at a time. Accuracies are not measured here; they are in `parity.json` of a run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from tests.benchmarks import photo_sets
from tests.benchmarks.drive import table
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.formats import FORMATS
from transfer.runs.workspace import Workspace

NETWORKS = ("MobileNetV3Small", "MobileNetV2", "EfficientNetLite0", "EfficientNetV2B0", "ResNet50V2")
HEAD = ["network", "format", "MB", "first, ms", "steady, ms", "photos a second", "farthest probability"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--quick", action="store_true", help="small photos, one network: see that it works")
    options = parser.parse_args(arguments)
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # as the app's prediction server does

    from transfer.learning.analysis.prediction import KerasPredictor
    from transfer.learning.export.exporter import export
    from transfer.learning.model.classifier import build

    rows = []
    with tempfile.TemporaryDirectory() as place:
        photos = photo_sets.generated(Path(place) / "photos", 120, side=256)
        for network in options.networks[:1] if options.quick else options.networks:
            size = 64 if options.quick else 224
            config = RunConfig(photos=str(photos), backbone=network, weights="random", image_size=size)
            run = Workspace(Path(place) / "workspace").create(config, scan(photos, seed=0))
            predictor = KerasPredictor(build(config, len(run.dataset.classes)).model, run.dataset.classes)
            for format in options.formats:
                parity = export(run, format, predictor).parity
                first, steady = parity.first_milliseconds or 0.0, parity.steady_milliseconds or 0.0
                times = [f"{first:.0f}", f"{steady:.1f}", f"{1000 / steady:.0f}" if steady else ""]
                size_of = f"{parity.model_megabytes or 0.0:.1f}"
                rows.append([network, format, size_of, *times, f"{parity.max_difference:.1g}"])
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
