"""The long form of the kill matrix: runs that are ended again and again at every kind of moment, and compared.

    python -m tests.benchmarks.kills [--kills 100] [--seed 0] [--processes 12]

A run is trained undisturbed once. Others are then ended at moments drawn by chance, resumed, ended again, until so
many ends are met: before any file is opened for writing, made, renamed or removed, in the middle of writing one, at
any time, and by a disk that is full from any of these moments on. Some are paused at such a moment instead, and some
are asked for other settings before they go on. The last ones are real commands and apps, each killed alone, together
with its worker, or its worker alone. Each run that came to its end must tell the same numbers as the undisturbed one,
or one that was changed at the same rounds and not disturbed. Prints one line for each, and at the end what was lost:
it should be nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.learning.conftest import COLOURS, TINY, paint
from tests.learning.dividing import Workers, half_written
from tests.waiting import until
from transfer import disk
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.errors import TransferError
from transfer.messages.events import EpochEnded, Launched, Noticed
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

ROOT = Path(__file__).parents[2]
NUMBERS = ("phase", "epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "best")
ENDS = (-signal.SIGKILL, -signal.SIGXFSZ, -signal.SIGALRM, 1, disk.FULL)
CHANGES: tuple[dict[str, Any], ...] = (
    {"head_learning_rate": 0.02},
    {"head_epochs": 6, "fine_tune_learning_rate": 3e-4},
    {"frozen_layers": 2},
    {"fine_tune_epochs": 5},
)
LONGEST = 900  # seconds for anything to come about: the machine may have much else to do
WRITES = 400  # more than a run of this size does after the first progress is told


def numbers(run: Run) -> list[list[Any]]:
    """Of all epochs; one that a pause cut short is told again, whole."""
    return [[getattr(epoch, name) for name in NUMBERS] for epoch in run.log.all(EpochEnded) if not epoch.partial]


class Matrix:
    """Runs over the same photos in one workspace, and what was lost of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.photos = paint(folder / "photos", dict.fromkeys(COLOURS, 20))
        self.workspace = Workspace(folder / "workspace")
        self.workers = Workers()
        self.backbone = folder / "three.keras"
        subprocess.run([sys.executable, "-c", BACKBONE, str(self.backbone)], check=True, cwd=ROOT)
        self.config = RunConfig.from_dict({**TINY, "backbone": str(self.backbone), "photos": str(self.photos)})
        self.dataset = scan(self.photos)
        self.undisturbed = self.workspace.create(self.config, self.dataset)
        assert self.workers.work(self.undisturbed) == 0, self.undisturbed.worker_log.read_text()
        self.lost: list[str] = []
        self.met: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    def doom(self, run: Run) -> dict[str, Any]:
        """One of the ways in which a worker ends."""
        kind = self.chance.choice(("kill", "kill", "kill", "torn", "full", "after", "pause"))
        if kind == "after":
            return {"after": self.chance.uniform(0.05, 2.0)}
        torn, full = self.chance.choice((1, 1500, 5000, 40_000)), self.chance.choice((1, 9000))
        what: dict[str, Any] = {"kill": True, "torn": torn, "full": full, "pause": str(run.mailbox.path)}
        at = {"at": "write", "name": str(self.workspace.path), "nth": self.chance.randint(1, WRITES // 4)}
        return at | {kind: what[kind]}

    def divided(self, kills: int) -> None:
        """End workers that are divided off."""
        while sum(self.met.values()) < kills:
            if self.chance.random() < 0.3:
                self.workspace.features.clear()
            run, ends = self.workspace.create(self.config, self.dataset), 0
            while sum(self.met.values()) < kills and ends < 12:
                doom = self.doom(run)
                if self.chance.random() < 0.15:
                    self.change(run)
                code = self.workers.work(run, doom)
                if code == 0 and run.status().state == "paused":
                    self.asked["paused"] += 1
                    run.request_resume()
                    continue
                if code == 0:
                    break
                ends += 1
                self.met[f"{'full' if 'full' in doom else 'torn' if 'torn' in doom else 'killed'} ({code})"] += 1
                state = run.status().state
                if state != "interrupted" or code not in ENDS:
                    self.lost.append(f"{run.id}: {state} with {code} after {doom}: {run.status().message}")
                    break
                run.request_resume()
            self.compare(run, ends, lambda run=run: self.workers.work(run))

    def change(self, run: Run) -> None:
        """Ask a run that waits for something else from its next epoch on."""
        settings = self.chance.choice(CHANGES)
        with contextlib.suppress(TransferError):  # too late for that, or it is so already
            run.request_change(settings)
            self.asked["changed"] += 1

    def twin(self, run: Run) -> Run:
        """One that was changed as a run was, from the same epochs on, and not disturbed."""
        if not run.changes():
            return self.undisturbed
        twin = self.workspace.create(self.config, self.dataset)
        for change in run.changes():
            twin.log.append(change)
        assert self.workers.work(twin) == 0, twin.worker_log.read_text()
        return twin

    def compare(self, run: Run, ends: int, finish: Callable[[], object]) -> None:
        """Bring a run to its end, and see that it ends as the undisturbed one."""
        if not run.status().over:
            finish()
        state, undisturbed = run.status().state, self.twin(run)
        ours, theirs = run.metrics(), undisturbed.metrics()
        same = numbers(run) == numbers(undisturbed) and ours is not None and theirs is not None
        same = same and ours.confusion == theirs.confusion and run.model_file.is_file()
        if not same:
            pairs = zip(numbers(run), numbers(undisturbed), strict=False)
            print(
                next((pair for pair in pairs if pair[0] != pair[1]), "the epochs are the same"), ours and ours.accuracy
            )
            print([noticed.message for noticed in run.log.all(Noticed)], *(event.kind for event in run.log.read()))
        if state != "finished" or not same:
            self.lost.append(f"{run.id}: {state}, {'the same' if same else 'other'} numbers")
        changed = ""
        if run.changes():
            changed = f"{len(run.changes())} changes, "
            # Features of layers that were frozen otherwise, for they differ by the rounding of the maps below.
            self.workspace.features.clear()
        print(f"{run.id}: {ends} ends, {changed}{state}, {'the same' if same else 'OTHER'} numbers", flush=True)

    # ------------------------------------------------------------------ real processes

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "TRANSFER_STANDBY_MINUTES": "0", "PYTHONPATH": str(ROOT)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, *arguments], env=environment, cwd=ROOT, **quiet)  # type: ignore[call-overload,no-any-return]

    def process(self, how: str, seconds: float) -> None:
        """Train with a command or an app, and end it, its worker, or both, so long after the run was launched."""
        who, what = how.split()
        flags = ["--workspace", str(self.workspace.path)]
        run = None
        if who == "command":
            settings = [f"--{name.replace('_', '-')}={getattr(self.config, name)}" for name in (*TINY, "backbone")]
            before = set(self.workspace.runs())
            parent = self.start("-m", "transfer", "train", str(self.photos), *settings, *flags)
            until(lambda: set(self.workspace.runs()) - before, LONGEST)
            (run,) = set(self.workspace.runs()) - before
        else:
            run = self.workspace.create(self.config, self.dataset)
            parent = self.start("app.py", "--port", str(self.chance.randint(20_000, 60_000)), *flags)
        until(lambda: (isinstance(last := run.log.last(), Launched) and last.pid) or run.history().size, LONGEST)
        time.sleep(seconds)
        launched = run.log.newest(Launched)
        worker = launched.pid if launched else None
        children: list[int] = []
        if what in ("worker", "both") and worker and run.status().alive:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(worker)
                children = [each.pid for each in process.children(recursive=True)]
                process.kill()
        if what in ("alone", "both"):
            parent.kill()
        if what == "worker":
            until(lambda: run.status().over, LONGEST)
            parent.kill()
        parent.wait()
        until(lambda: not run.status().alive, LONGEST)  # where only its parent was killed, the worker goes on
        if what in ("worker", "both"):
            until(lambda: not any(psutil.pid_exists(pid) for pid in children), 20)
        self.met[f"{how} killed"] += 1
        if run.status().state == "interrupted":
            finish = self.start("-m", "transfer", "resume", run.id, *flags)
            finish.wait(timeout=LONGEST)
        self.compare(run, 1, lambda: None)


BACKBONE = """
import sys, keras
layer, start = keras.layers.Conv2D, {"kernel_initializer": "he_normal", "padding": "same"}
photo = keras.Input((32, 32, 3))
x = photo
for filters in (12, 16, 24):
    x = layer(filters, 3, strides=2, activation="relu", **start)(x)
x = keras.layers.Dense(5, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
keras.Model(photo, x).save(sys.argv[1])
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=12, help="how many of the kills are of real commands and apps")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        matrix = Matrix(Path(folder), chosen.seed)
        matrix.divided(chosen.kills - chosen.processes)
        matrix.workers.close()
        hows = [f"{who} {what}" for what in ("both", "worker", "alone") for who in ("command", "app")]
        for number in range(chosen.processes):
            matrix.process(hows[number % len(hows)], matrix.chance.uniform(0.0, 8.0))
        matrix.workspace.sweep()
        matrix.lost += half_written(matrix.workspace.path)
        print(
            json.dumps(
                {"ends": sum(matrix.met.values()), "of": dict(matrix.met), **matrix.asked, "lost": matrix.lost},
                indent=1,
            )
        )
    return 1 if matrix.lost else 0


if __name__ == "__main__":
    sys.exit(main())
