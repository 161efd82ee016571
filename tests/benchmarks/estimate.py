"""What a run takes, foreseen from a trial, beside what it then takes: time, peak memory and disk, for five networks.

    python -m tests.benchmarks.estimate --photos FOLDER [--only NAME …]

Each in a workspace of its own, where nothing is known: the trial (as `python -m transfer train --dry-run` and the
button in the page make it), then the run itself by the command line, cold. Weights are random, because what a network
knows changes none of this. Early stopping is off, because nobody can foresee it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks import drive, photo_sets
from transfer.cli.follow import MINUTES
from transfer.commands.desk import Desk
from transfer.messages.endings import Finished
from transfer.messages.events import Launched
from transfer.networks.layers import last_blocks, layers
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

SHARED = {"weights": "random", "early_stopping_patience": 0, "head_epochs": 20}
CASES: dict[str, dict[str, Any]] = {
    "EfficientNetLite0, default": {"backbone": "EfficientNetLite0"},
    "MobileNetV3Small, 256 units": {"backbone": "MobileNetV3Small", "hidden_units": 256},
    "MobileNetV2, last block": {"backbone": "MobileNetV2", "blocks": 1, "head_epochs": 5, "fine_tune_epochs": 4},
    "EfficientNetV2B0, varied photos": {"backbone": "EfficientNetV2B0", "augmentation": "light"},
    "ResNet50, last block": {"backbone": "ResNet50", "blocks": 1, "head_epochs": 5, "fine_tune_epochs": 3},
}
REACH = 0.3


def truth(folder: Path, workspace: Workspace, settings: dict[str, Any]) -> tuple[float, float, float]:
    """Seconds, the most MB that the worker held, and MB of disk that a real run took."""
    before = _size(workspace.path)
    flags = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "transfer", "train", str(folder), "--workspace", str(workspace.path), *flags]
    most = 0.0
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, cwd=drive.ROOT, stdout=said, stderr=said, env={**drive.os.environ, MINUTES: "0"}
        )
        while process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error, OSError):
                    if any("transfer.learning.worker" in word for word in child.cmdline()):
                        most = max(most, child.memory_info().rss / 2**20)
            time.sleep(0.05)
        said.seek(0)
        if process.returncode:
            raise RuntimeError(said.read()[-3000:])
    run = workspace.runs()[0]
    return _seconds(run), most, (_size(workspace.path) - before) / 2**20


def _seconds(run: Run) -> float:
    launched, finished = run.log.newest(Launched), run.log.newest(Finished)
    assert launched and finished
    return finished.time - launched.time


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


def main(arguments: list[str] | None = None) -> None:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--only", nargs="*", default=[*CASES], choices=[*CASES], metavar="NAME")
    options = parser.parse_args(arguments)
    drive.use_keras_home(options)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        photos = options.photos or photo_sets.generated(Path(place) / "photos", 60 if options.quick else 600, side=64)
        for number, name in enumerate(options.only):
            settings = {**SHARED, **CASES[name]}
            if blocks := settings.pop("blocks", 0):
                settings["frozen_layers"] = last_blocks(layers(settings["backbone"]), blocks)
            if options.quick:
                settings |= {"image_size": 32}
            workspace = Workspace(Path(place) / str(number))
            desk = Desk.open(workspace, None, workspace.path / "logs")
            began = time.monotonic()
            found = desk.outlooks.measured({"photos": str(photos), **settings}).estimate
            trial = time.monotonic() - began
            desk.close()
            took = truth(photos, workspace, settings)
            foreseen = found.seconds, found.memory_mb, found.disk / 2**20
            cells = (
                f"{ours:.0f} / {true:.0f} ({ours / true - 1:+.0%})" for ours, true in zip(foreseen, took, strict=True)
            )
            rows.append([name, *cells, f"{trial:.0f}"])
            costs = [(cost.start, cost.spent, cost.first, cost.later) for cost in workspace.costs.read()]
            print(rows[-1], found.stages, *costs, sep="\n", file=sys.stderr, flush=True)
    heads = ["network", "seconds, foreseen / true", "peak memory, MB", "disk, MB", "seconds of the trial"]
    print(drive.table(heads, rows))


if __name__ == "__main__":
    main()
