"""How long lists of runs take: `python -m tests.benchmarks.many_runs [--runs 1000] [--repeats 3]`.

Makes a workspace with that many run folders, finished after 30 epochs on 200 photos, and measures what people wait for:
`transfer runs`, from the command to its end, and Past runs, from the opening of its tab to the table.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.drive import table
from tests.chromium import launched
from tests.e2e.conftest import App
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo, Split
from transfer.messages.endings import Finished
from transfer.messages.events import EpochEnded, Launched, Started
from transfer.runs.metrics import ClassMetrics, Metrics
from transfer.runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Page

CLASSES = ("ants", "bees")
EPOCHS = 30


def generate(workspace: Workspace, runs: int) -> None:
    """Make that many finished runs, each a folder as a worker leaves it, without a model."""
    splits: tuple[Split, ...] = ("train", "train", "train", "validation", "test")
    photos = tuple(
        Photo(f"{name}/{number:04}.jpg", label, splits[number % len(splits)], f"{label}{number:063}")
        for label, name in enumerate(CLASSES)
        for number in range(100)
    )
    dataset = Dataset(root="/photos/insects", classes=CLASSES, photos=photos)
    each = tuple(ClassMetrics(name, 20, 0.9, 0.9, 0.9) for name in CLASSES)
    metrics = Metrics("test", 40, 0.9, 0.77, 0.96, 0.5, CLASSES[0], 0.3, each, ((18, 2), (2, 18)))
    for number in range(runs):
        config = RunConfig.from_dict({"photos": dataset.root, "name": f"run {number}", "head_epochs": EPOCHS})
        run = workspace.create(config, dataset)
        epochs = [
            EpochEnded(
                phase="head", epoch=epoch, step=epoch, loss=1 / epoch, accuracy=0.9, val_loss=1 / epoch,
                val_accuracy=0.5 + number % 50 / 100, best=epoch == EPOCHS,
            )
            for epoch in range(1, EPOCHS + 1)
        ]  # fmt: skip
        events = [Launched(), Started(device="a processor"), *epochs, Finished()]
        run.log.path.write_text("".join(json.dumps(event.to_dict()) + "\n" for event in events), encoding="utf-8")
        run.evaluation_dir.mkdir()
        run.metrics_file.write_text(json.dumps(metrics.to_dict()), encoding="utf-8")
        workspace.queue._write([])  # as the supervisor leaves it


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def command(workspace: Workspace) -> None:
    """`transfer runs`."""
    words = [sys.executable, "-m", "transfer", "runs", "--workspace", str(workspace.path)]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)


def pages(workspace: Workspace, repeats: int) -> list[float]:
    """Past runs in a real browser: seconds from the click on its tab to the table, on a page newly opened each time."""
    app = App(workspace.path.parent)
    taken = []
    try:
        app.start()
        with launched() as browser:
            for _ in range(repeats):
                page = browser.new_page()
                page.goto(app.url)
                page.locator("#photos-state .t-empty").wait_for(timeout=90_000)
                time.sleep(3)  # what a page does when it is opened is over
                taken.append(seconds(lambda page=page: _list(page)))
                page.close()
    finally:
        app.close()
    return taken


def _list(page: Page) -> None:
    page.get_by_role("tab", name=re.compile("Past runs")).click()
    page.locator("#runs-list tbody tr").first.wait_for()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-page", action="store_true", help="without a browser")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        generate(workspace, options.runs)
        first, *later = [seconds(lambda: command(workspace)) for _ in range(1 + options.repeats)]
        rows = [
            ["transfer runs, without an index", f"{first:.2f}"],
            ["transfer runs", f"{statistics.median(later):.2f}"],
        ]
        if not options.no_page:
            rows.append(["Past runs, click to table", f"{statistics.median(pages(workspace, options.repeats)):.2f}"])
        print(table([f"{options.runs} runs", "seconds"], rows))


if __name__ == "__main__":
    main()
