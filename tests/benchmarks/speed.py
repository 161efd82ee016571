"""How much faster than the tutorial, row by row of the table in README.md.

    python -m tests.benchmarks.speed --photos FOLDER --keras-home KERAS_HOME [--rows head10 head30 …]

Times of both sides come from the same machine in the same call; leave it alone meanwhile. Ratios are printed with the
test accuracy of both sides, because a fast wrong answer is worth nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.benchmarks import drive, photo_sets
from tests.benchmarks.drive import ROOT, Outcome, SupervisedWorkspace, Task
from transfer.networks.layers import blocks, layers

Row = list[str]
HEAD = ["figure", "baseline or limit", "ours", "figure reached", "reach", "test accuracy, theirs and ours"]


@dataclasses.dataclass(frozen=True)
class Bench:
    """Everything the rows share: the photos, divided once, and a place to work in."""

    folder: Path
    few: Path
    place: Path
    task: Task
    long: int
    settle: float
    repeats: int

    def workspace(self, task: Task) -> Path:
        """A new one in which only the compiled engine of the task is known."""
        return drive.with_engine(task, self.few, self.place / f"engine-{task.backbone}-{task.alpha}")


def head(bench: Bench, epochs: int, reach: str) -> Row:
    """A cold worker against the tutorial, worker start and scan of the photos included."""
    task = dataclasses.replace(bench.task, epochs=epochs)
    ours = drive.command(bench.folder, task, bench.workspace(task))
    theirs = drive.tutorial(bench.folder, task)
    return _compared(f"head, {epochs} epochs, cold worker: baseline / ours", theirs, ours, reach)


def standby(bench: Bench) -> list[Row]:
    """The rows with a standby worker: against the limit, a second run, and the first point of the curve."""
    task = dataclasses.replace(bench.task, epochs=bench.long)
    units = task.hidden_units // 2 or 64
    other = dataclasses.replace(task, hidden_units=units, learning_rate=task.learning_rate / 3)
    with SupervisedWorkspace(bench.workspace(task), bench.settle) as workspace:
        dataset = workspace.checked(bench.folder)
        first = workspace.click(dataset, task)
        again = [workspace.click(dataset, other) for _ in range(bench.repeats)]
    limit = drive.limit(bench.folder, task, bench.place / "engines")
    second = statistics.median(each.seconds for each in again)
    point, score, proof = (
        statistics.median(times)
        for times in zip(*((each.first, each.score, each.end - each.score) for each in again), strict=True)
    )
    accuracy = f"{_percent(first.test_accuracy)}; second run {_percent(again[0].test_accuracy)}"
    before = ", ".join(f"{name} {limit[f'{name}_seconds']:.1f} s" for name in ("import", "build", "engine"))
    return [
        [
            f"{bench.long} epochs, standby worker: ours / the limit ({limit['photos']} photos, {limit['engine']}; not "
            f"counted there: {before})",
            f"{limit['seconds']:.2f} s",
            f"{first.seconds:.2f} s",
            f"{first.seconds / limit['seconds']:.2f}",
            "≤ 1.3",
            accuracy,
        ],
        [
            "second run, other head and learning rate / first run",
            f"{first.seconds:.2f} s",
            f"{second:.2f} s",
            f"{second / first.seconds:.3f}",
            "≤ 0.15",
            accuracy,
        ],
        [
            "click to first point, cached features, standby worker",
            "",
            f"{point:.2f} s",
            f"{point:.2f} s",
            "≤ 1.5 s",
            "",
        ],
        [
            "click to test score, another head, cached features",
            "",
            f"{score:.2f} s",
            f"{score:.2f} s",
            "≤ 3 s",
            accuracy,
        ],
        ["from the score to the exported, proven `.keras`", "", f"{proof:.2f} s", f"{proof:.2f} s", "≤ 6 s", ""],
    ]


def last_block(bench: Bench) -> Row:
    """A steady epoch with the last block of MobileNetV2 unfrozen, at width 1 with random weights: only time counts."""
    start = blocks(layers("MobileNetV2", 1.0))[-1].start
    task = dataclasses.replace(bench.task, alpha=1.0, weights="random", frozen_layers=start, epochs=3)
    task = dataclasses.replace(task, learning_rate=1e-5)
    ours = drive.command(bench.folder, task, bench.workspace(task))
    theirs = drive.tutorial(bench.folder, task)
    fast, slow = (statistics.median(each.epoch_seconds[1:]) for each in (ours, theirs))
    filling = ours.first - ours.epoch_seconds[0]
    return [
        f"one epoch, last block of MobileNetV2 unfrozen (layers from {start}): plain Keras / ours (filling the cache, "
        f"with the start: {filling:.1f} s once)",
        f"{slow:.2f} s",
        f"{fast:.2f} s",
        f"{slow / fast:.1f}",
        "≥ 3",
        f"{_percent(theirs.test_accuracy)}, {_percent(ours.test_accuracy)} (random weights)",
    ]


def page(bench: Bench) -> Row:
    """From the command to the first answer of the page, beside a bare `import gradio`."""
    bare = drive.median_of(bench.repeats, _import_gradio)
    served = drive.median_of(bench.repeats, lambda: _page_served(bench.place / "page"))
    figure = f"{served / bare:.2f}"
    return ["page served / bare `import gradio`", f"{bare:.2f} s", f"{served:.2f} s", figure, "≤ 1.25", ""]


def _import_gradio() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import gradio"], check=True, cwd=ROOT)
    return time.perf_counter() - began


def _page_served(workspace: Path) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    command = [sys.executable, "app.py", "--port", str(port), "--workspace", str(workspace), "--root", str(workspace)]
    workspace.mkdir(parents=True, exist_ok=True)
    said = workspace / "app.log"
    with said.open("wb") as log:
        app = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        while app.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    answer.read()
                return time.perf_counter() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise RuntimeError(f"the app ended before it served its page:\n{said.read_text()[-2000:]}")
    finally:
        app.terminate()
        app.wait(timeout=30)


def _compared(name: str, theirs: Outcome, ours: Outcome, reach: str) -> Row:
    accuracy = f"{_percent(theirs.test_accuracy)}, {_percent(ours.test_accuracy)}"
    ratio = f"{theirs.seconds / ours.seconds:.1f}"
    return [name, f"{theirs.seconds:.1f} s", f"{ours.seconds:.1f} s", ratio, reach, accuracy]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    weights = drive.use_keras_home(options)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        task = Task(weights=weights, image_size=32 if options.quick else 224, hidden_units=options.units)
        photos = options.photos or photo_sets.generated(place / "generated", 60, side=48)
        divided = place / "photos"
        dataset = photo_sets.divided(photos, divided)
        few = photo_sets.generated(place / "few", 60, side=48, seed=9)
        long, settle = (3, 0.0) if options.quick else (30, options.settle)
        bench = Bench(divided, few, place, task, long, settle, 1 if options.quick else options.repeats)
        print(f"{len(dataset.photos)} photos, {len(dataset.of('train'))} of them to train on, weights {weights}\n")
        for cells in (HEAD, ["---"] * len(HEAD)):
            print("| " + " | ".join(cells) + " |", flush=True)
        rows = {
            "head10": lambda: [head(bench, 2 if options.quick else 10, "≥ 12")],
            "head30": lambda: [head(bench, long, "≥ 30")],
            "standby": lambda: standby(bench),
            "last_block": lambda: [last_block(bench)],
            "page": lambda: [page(bench)],
        }
        for name in options.rows or rows:
            for row in rows[name]():
                print("| " + " | ".join(row) + " |", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, help="a folder with one sub-folder per class; else generated ones")
    parser.add_argument("--rows", nargs="+", choices=("head10", "head30", "standby", "last_block", "page"))
    parser.add_argument("--units", type=int, default=256, help="of the Dense layer of both heads; 0 as in the app")
    parser.add_argument("--settle", type=float, default=20.0, help="seconds a standby worker gets before each click")
    parser.add_argument("--repeats", type=int, default=3, help="of the short measurements; the middle one counts")
    return parser


if __name__ == "__main__":
    main()
