"""How much faster than the tutorial, row by row of the table in README.md.

    python -m tests.benchmarks.speed --photos FOLDER --keras-home KERAS_HOME [--rows command standby …]

Times of both sides come from the same machine in the same call; leave it alone meanwhile. Ratios are printed with the
test accuracy of both sides, because a fast wrong answer is worth nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import drive, photo_sets
from tests.benchmarks.drive import ROOT, Outcome, SupervisedWorkspace, Task
from transfer.networks.layers import blocks, layers
from transfer.runs.workspace import Workspace

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
    quick: bool

    def workspace(self, task: Task) -> Path:
        """A new one in which only the compiled engine of the task is known."""
        return drive.with_engine(task, self.few, self.place / f"engine-{task.backbone}-{task.alpha}")


def command(bench: Bench) -> list[Row]:
    """The command line against the tutorial, to the very end; and the same command again."""
    task = dataclasses.replace(bench.task, epochs=2 if bench.quick else 10)
    workspace = bench.workspace(task)
    first = drive.command(bench.folder, task, workspace, minutes=5)
    other = dataclasses.replace(task, learning_rate=task.learning_rate / 2)
    again = drive.median_of(bench.repeats, lambda: drive.command(bench.folder, other, workspace, minutes=5).end)
    theirs = drive.tutorial(bench.folder, task)
    name = f"cold command, {task.epochs} epochs, to the proven export: tutorial, fit and evaluate / ours"
    ratio, second = f"{theirs.end / first.end:.1f}", f"{again / first.end:.2f}"
    return [
        _compared(f"head, {task.epochs} epochs, cold worker: baseline / ours", theirs, first, "≥ 12"),
        [name, f"{theirs.end:.1f} s", f"{first.end:.1f} s", ratio, "≥ 12", _accuracies(theirs, first)],
        [
            "the same command, other learning rate / the first",
            f"{first.end:.1f} s",
            f"{again:.1f} s",
            second,
            "≤ 0.35",
            "",
        ],
    ]


def default(bench: Bench) -> list[Row]:
    """The command with no setting chosen, in an empty workspace, against both steps of the tutorial on its network."""
    size = 64 if bench.quick else 224
    base = bench.place / "lite0.keras"
    subprocess.run([sys.executable, "-m", "tests.benchmarks.lite_base", str(base), str(size)], check=True, cwd=ROOT)
    ours = drive.default_command(
        bench.folder, bench.place / "default", *(["--image-size", "64"] if bench.quick else [])
    )
    task = Task(image_size=size, epochs=1 if bench.quick else 10)
    start = blocks(layers("EfficientNetLite0"))[-2].start  # the last block proper, as in `recipe`
    second = ["--fine-tune-epochs", "1" if bench.quick else "5", "--fine-tune-from", str(start)]
    theirs = drive.tutorial(bench.folder, task, "--base", str(base), *second)
    seconds = [f"{theirs.end:.1f} s", f"{ours.end:.1f} s", f"{theirs.end / ours.end:.1f}"]
    name = "default command, nothing kept, to the proven export: tutorial on Lite0, both steps / ours"
    return [[name, *seconds, "≥ 10", _accuracies(theirs, ours)]]


def head30(bench: Bench) -> Row:
    """A cold worker against the tutorial over more epochs, worker start and scan of the photos included."""
    task = dataclasses.replace(bench.task, epochs=bench.long)
    ours = drive.command(bench.folder, task, bench.workspace(task))
    theirs = drive.tutorial(bench.folder, task)
    return _compared(f"head, {task.epochs} epochs, cold worker: baseline / ours", theirs, ours, "≥ 30")


def standby(bench: Bench) -> list[Row]:
    """What a person waits for who presses Train: the first time, and again with another head on the same photos."""
    task = dataclasses.replace(bench.task, epochs=2 if bench.quick else 10)
    units = task.hidden_units // 2 or 64
    other = dataclasses.replace(task, hidden_units=units, learning_rate=task.learning_rate / 3)
    firsts, limits, again = [], [], []
    for _ in range(bench.repeats):  # in turn: a machine that others share is slow for a minute, and then fast
        with SupervisedWorkspace(bench.workspace(task), bench.settle) as workspace:
            dataset = workspace.checked(bench.folder)
            firsts.append(workspace.click(dataset, task))
            again.append(workspace.click(dataset, other))
        limits.append(drive.limit(bench.folder, task, bench.place / "engines"))
    first = sorted(firsts, key=lambda each: each.score)[len(firsts) // 2]
    limit = sorted(limits, key=lambda each: float(each["seconds"]))[len(limits) // 2]
    point, score, proof = (
        statistics.median(times)
        for times in zip(*((each.first, each.score, each.end - each.final) for each in again), strict=True)
    )
    accuracy = f"{_percent(first.test_accuracy)}; another head {_percent(again[0].test_accuracy)}"
    engine = f"one engine pass over all {limit['photos']} photos ({limit['engine']})"
    ratio = f"{first.score / limit['seconds']:.2f}"
    waited = [
        ("click to first point, another head, cached features, standby worker", f"{point:.2f} s", "≤ 1.5 s"),
        ("click to test score, another head, cached features, standby worker", f"{score:.2f} s", "≤ 3 s"),
        ("from the score of the exported model to the proven `.keras`", f"{proof:.2f} s", "≤ 6 s"),
    ]
    return [
        [
            f"click to test score, standby worker / {engine}",
            f"{limit['seconds']:.2f} s",
            f"{first.score:.2f} s",
            ratio,
            "≤ 1.6",
            accuracy,
        ],
        *(_waited(*each) for each in waited),
    ]


def photo(bench: Bench) -> list[Row]:
    """From the drop of a photo to its answer, over HTTP: upload, question, answer."""
    workspace = bench.workspace(bench.task)
    drive.command(bench.folder, dataclasses.replace(bench.task, epochs=1), workspace)
    run = Workspace(workspace).runs()[0].id
    file = next((bench.folder / "test").rglob("*.jpg"))
    with drive.served_page(workspace) as url:
        time.sleep(bench.settle)
        first, *later = (drive.answer_seconds(url, run, file, "page") for _ in range(31))
        ready, *why = (drive.answer_seconds(url, run, file, "page", "explain", "") for _ in range(31))
    middle, explained = statistics.median(later), statistics.median(why)
    once = f"getting ready for that, once a model: {ready:.1f} s"
    return [
        _waited("drop of a photo to its answer, page open for 20 s: the first", f"{first:.3f} s", "≤ 0.5 s"),
        _waited("later ones, median of 30", f"{1e3 * middle:.0f} ms", "≤ 60 ms"),
        _waited(f"what it looked at, with its picture, median of 30 ({once})", f"{1e3 * explained:.0f} ms", "≤ 300 ms"),
    ]


def _waited(what: str, time: str, reach: str) -> Row:
    """A row of what has a limit and no baseline."""
    return [what, "", time, time, reach, ""]


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
    began = time.perf_counter()
    with drive.served_page(workspace):
        return time.perf_counter() - began


def _compared(name: str, theirs: Outcome, ours: Outcome, reach: str) -> Row:
    ratio = f"{theirs.seconds / ours.seconds:.1f}"
    return [name, f"{theirs.seconds:.1f} s", f"{ours.seconds:.1f} s", ratio, reach, _accuracies(theirs, ours)]


def _accuracies(theirs: Outcome, ours: Outcome) -> str:
    return f"{_percent(theirs.test_accuracy)}, {_percent(ours.test_accuracy)}"


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
        bench = Bench(divided, few, place, task, long, settle, 1 if options.quick else options.repeats, options.quick)
        print(f"{len(dataset.photos)} photos, {len(dataset.of('train'))} of them to train on, weights {weights}\n")
        for cells in (HEAD, ["---"] * len(HEAD)):
            print("| " + " | ".join(cells) + " |", flush=True)
        rows = {
            "command": lambda: command(bench),
            "default": lambda: default(bench),
            "head30": lambda: [head30(bench)],
            "standby": lambda: standby(bench),
            "photo": lambda: photo(bench),
            "last_block": lambda: [last_block(bench)],
            "page": lambda: [page(bench)],
        }
        for name in options.rows or rows:
            for row in rows[name]():
                print("| " + " | ".join(row) + " |", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = drive.parser(__doc__)
    parser.add_argument("--photos", type=Path, help="a folder with one sub-folder per class; else generated ones")
    rows = ("command", "default", "head30", "standby", "photo", "last_block", "page")
    parser.add_argument("--rows", nargs="+", choices=rows)
    parser.add_argument("--units", type=int, default=256, help="of the Dense layer of both heads; 0 as in the app")
    parser.add_argument("--settle", type=float, default=20.0, help="seconds a standby worker gets before each click")
    parser.add_argument("--repeats", type=int, default=3, help="of the short measurements; the middle one counts")
    return parser


if __name__ == "__main__":
    main()
