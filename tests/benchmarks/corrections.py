"""From "Train again with these corrections" to the new score: 20 photos corrected, the features kept.

    python -m tests.benchmarks.corrections --photos FLOWERS [--times 3]

The app's desk and supervisor, with a standby worker ready, as behind an open page. Measured is from the press of the
button to the first test score, and to the refined one where there is another; beside it the first run over the same
photos, whose features had to be computed. Other photos are corrected each time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks import drive, photo_sets
from transfer.commands.desk import Desk
from transfer.dataset.corrections import LEAVE_OUT, MOVE
from transfer.processes.launcher import WORKER, LocalLauncher
from transfer.processes.standby import Standby
from transfer.processes.supervisor import Supervisor
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

CORRECTED = 20
SETTLE = 20.0  # seconds before each press, for a standby worker to get ready


def correct(desk: Desk, run: Run, seed: int) -> None:
    """Move some photos to another class, and leave some out."""
    dataset = run.dataset
    chosen = np.random.default_rng(seed).choice(len(dataset.photos), min(CORRECTED, len(dataset.photos) // 4), False)
    for number, at in enumerate(chosen):
        photo = dataset.photos[int(at)]
        to = dataset.classes[(photo.label + 1) % len(dataset.classes)]
        desk.reviews.correct(run.id, [photo.path], LEAVE_OUT if number % 4 == 3 else MOVE, to)


def followed(run: Run, began: float) -> drive.Outcome:
    while not run.status().over:
        time.sleep(0.1)
    if run.status().state != "finished":
        raise RuntimeError(f"{run.path}: {run.status().message}\n{run.worker_log.read_text()[-3000:]}")
    return drive.outcome(run, began)


def main(arguments: list[str] | None = None) -> None:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos; else a generated one")
    parser.add_argument("--times", type=int, default=3)
    options: argparse.Namespace = parser.parse_args(arguments)
    drive.use_keras_home(options)
    quick = options.quick or not options.photos
    rows, found = [], list[float]()
    with tempfile.TemporaryDirectory() as folder:
        photos = photo_sets.generated(Path(folder) / "photos", 60) if quick else options.photos.resolve()
        workspace = Workspace(Path(folder) / "workspace")
        desk = Desk.open(workspace, None, workspace.path / "logs")
        supervisor = Supervisor(workspace, LocalLauncher(Standby(WORKER, workspace.standby_log)))
        desk.prepare()
        supervisor.start()
        try:
            time.sleep(1 if quick else SETTLE)
            began = time.time()
            first = desk.training.begin({"photos": str(photos), "backbone": "EfficientNetLite0"})
            told = followed(first, began)
            rows.append(["first run", "0", f"{told.score:.2f} s", f"{told.final:.2f} s", f"{told.test_accuracy:.1%}"])
            for seed in range(1 if quick else options.times):
                correct(desk, first, seed)
                time.sleep(1 if quick else SETTLE)
                began = time.time()
                again = desk.reviews.train_again(first.id)
                told, count = followed(again, began), len(again.dataset.corrections)
                found.append(told.score)
                rows.append(
                    [
                        f"again, seed {seed}",
                        str(count),
                        f"{told.score:.2f} s",
                        f"{told.final:.2f} s",
                        f"{told.test_accuracy:.1%}",
                    ]
                )
        finally:
            supervisor.stop()
            desk.close()
    print(drive.table(["run", "corrections", "first test score", "refined", "test accuracy"], rows))
    print(f"\nFrom the press to the score: **{statistics.median(found):.2f} s** (middle of {len(found)}; at most 5 s)")


if __name__ == "__main__":
    main(sys.argv[1:])
