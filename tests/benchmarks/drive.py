"""Both sides of a comparison, driven the way people drive them: by a command, or by a click on Train.

Times of our side run from the command or click to the time written in the last epoch's event of the run's log.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transfer.cli.follow import MINUTES
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.scan import scan
from transfer.messages.endings import Finished
from transfer.messages.events import EpochEnded, Evaluated
from transfer.processes.launcher import WORKER, LocalLauncher
from transfer.processes.standby import Standby
from transfer.processes.supervisor import Supervisor
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Task:
    """What both sides train: the tutorial's head on one network. Everything else is equal by construction."""

    backbone: str = "MobileNetV2"
    alpha: float = 0.35
    weights: str = "imagenet"
    image_size: int = 224
    epochs: int = 10
    seed: int = 0
    frozen_layers: int | None = None
    learning_rate: float = 1e-3
    hidden_units: int = 256

    def settings(self) -> dict[str, Any]:
        """As fields of RunConfig."""
        same = ("backbone", "alpha", "weights", "image_size", "seed", "frozen_layers", "hidden_units")
        tunes = self.frozen_layers is not None
        return {name: getattr(self, name) for name in same} | {
            "head_epochs": 0 if tunes else self.epochs,
            "head_learning_rate": self.learning_rate,
            "fine_tune_epochs": self.epochs if tunes else 0,
            "fine_tune_learning_rate": self.learning_rate,
            "batch_size": 32,
            "optimizer": "adam",
            "schedule": "constant",
            "pooling": "avg",
            "dropout": 0.0,
            "augmentation": "off",
            "class_weights": "off",
            "early_stopping_patience": 0,
        }

    def flags(self, *names: str) -> list[str]:
        """The named fields as flags of a command line."""
        values = {name: getattr(self, name) for name in names}
        return [part for name, value in values.items() if value is not None for part in (_flag(name), str(value))]


@dataclass(frozen=True)
class Outcome:
    """What one side needed and reached.

    Attributes:
        seconds: from the command or click to the end of the last epoch.
        first: to the end of the first epoch.
        epoch_seconds: of each epoch, as the side itself counts.
        val_accuracy: after the last epoch for the tutorial, of the best epoch for Transfer.
        test_accuracy: None where it was not measured.
        score: from the command or click to the first test score; not the tutorial's.
        final: to the test score of the model that is exported, which may have been refined since.
        end: to the end of everything, which is the proven export for Transfer, the test score for the tutorial.
    """

    seconds: float
    first: float
    epoch_seconds: list[float]
    val_accuracy: float | None
    test_accuracy: float | None
    score: float = math.nan
    final: float = math.nan
    end: float = math.nan


def tutorial(folder: Path, task: Task, *more: str) -> Outcome:
    """Run the baseline in a process of its own, with more of its flags than a task has."""
    flags = [*task.flags(*(field.name for field in dataclasses.fields(task))), *more]
    said = _output([sys.executable, "-m", "tests.benchmarks.tutorial", str(folder), *flags])
    epochs = said["epoch_seconds"]
    first = said["seconds"] - sum(epochs[1:])
    return Outcome(said["seconds"], first, epochs, said["val_accuracy"], said["test_accuracy"], end=said["end"])


def command(folder: Path, task: Task, workspace: Path, minutes: int = 0) -> Outcome:
    """Run `python -m transfer train`: a start of everything, the scan of the photos included.

    Args:
        folder: the photos.
        task: what to train.
        workspace: where; one that no command has used before makes it a cold start.
        minutes: how long a worker stays for the next command.
    """
    return _trained(train_command(folder, task, workspace), minutes)


def default_command(folder: Path, workspace: Path, *flags: str) -> Outcome:
    """Run `python -m transfer train FOLDER` with no setting chosen, in a workspace that may be empty."""
    return _trained([*_train(folder, workspace), *flags])


def train_command(folder: Path, task: Task, workspace: Path) -> list[str]:
    flags = [part for name, value in task.settings().items() if value is not None for part in (_flag(name), str(value))]
    return [*_train(folder, workspace), *flags]


def _train(folder: Path, workspace: Path) -> list[str]:
    return [sys.executable, "-m", "transfer", "train", str(folder), "--workspace", str(workspace), "--json"]


def _trained(command: list[str], minutes: int = 0) -> Outcome:
    """Run a command that trains, and read what came of it."""
    began = time.time()
    said = _output(command, {MINUTES: str(minutes)})
    return dataclasses.replace(outcome(Run(Path(said["run"])), began), end=time.time() - began)


class SupervisedWorkspace:
    """What stands behind an open page: photos already checked, a supervisor running, and a click on Train.

    Args:
        workspace: whose runs.
        settle: seconds to wait before each click, for a standby worker to get ready.
    """

    def __init__(self, workspace: Path, settle: float = 20.0) -> None:
        self._workspace = Workspace(workspace)
        self._settle = settle
        self._supervisor = Supervisor(self._workspace, LocalLauncher(Standby(WORKER, self._workspace.standby_log)))

    def __enter__(self) -> SupervisedWorkspace:
        self._supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._supervisor.stop()

    def checked(self, folder: Path, seed: int = 0) -> Dataset:
        """What the page does when a folder is chosen."""
        return scan(folder, seed=seed, memory=self._workspace.photo_memory)

    def click(self, dataset: Dataset, task: Task) -> Outcome:
        """Wait for the standby worker, press Train, and follow the run to its end."""
        time.sleep(self._settle)
        began = time.time()
        config = RunConfig.from_dict({**task.settings(), "photos": dataset.root})
        run = self._workspace.create(config, dataset)
        while not run.status().over:
            time.sleep(0.2)
        if run.status().state != "finished":
            raise RuntimeError(f"{run.path}: {run.status().message}\n{run.worker_log.read_text()[-3000:]}")
        return outcome(run, began)


def limit(folder: Path, task: Task, engines: Path) -> dict[str, Any]:
    """Decode and run the frozen part once; see `limit.py`. The engine is translated before, outside the measurement."""
    flags = [*task.flags("backbone", "alpha", "weights", "image_size"), "--engines", str(engines)]
    program = [sys.executable, "-m", "tests.benchmarks.limit", str(folder), *flags]
    _output(program)
    return _output(program)


@contextlib.contextmanager
def served_page(workspace: Path) -> Iterator[str]:
    """The app over a workspace, from the moment that its page was served; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "app.py", "--port", url.rpartition(":")[2], "--workspace", str(workspace)]
    workspace.mkdir(parents=True, exist_ok=True)
    said = workspace / "app.log"
    with said.open("wb") as log:
        app = subprocess.Popen([*command, "--root", str(workspace)], cwd=ROOT, stdout=log, stderr=log)
    try:
        while not _reachable(url):
            if app.poll() is not None:
                raise RuntimeError(f"the app ended before it served its page:\n{said.read_text()[-2000:]}")
            time.sleep(0.02)
        yield url
    finally:
        app.terminate()
        app.wait(timeout=30)


def _reachable(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
        return True
    except OSError:
        return False


def answer_seconds(url: str, run: str, file: Path, session: str, question: str = "predict", *more: Any) -> float:
    """From the drop of a photo to its answer, asked in its session as an open page asks: upload, question, events."""
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="photo.jpg"\r\n\r\n'
    form = part + file.read_bytes() + b"\r\n--x--\r\n"
    began = time.perf_counter()
    (path,) = _posted(f"{url}/gradio_api/upload", form, "multipart/form-data; boundary=x")
    asked = {"data": [run, {"path": path, "meta": {"_type": "gradio.FileData"}}, *more], "session_hash": session}
    event = _posted(f"{url}/gradio_api/call/{question}", json.dumps(asked).encode(), "application/json")["event_id"]
    with urllib.request.urlopen(f"{url}/gradio_api/call/{question}/{event}", timeout=300) as answer:
        said = answer.read().decode()
    seconds = time.perf_counter() - began
    if "event: complete" not in said:
        raise RuntimeError(said)
    return seconds


def _posted(url: str, body: bytes, kind: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind}), timeout=300) as answer:
        return json.load(answer)


def outcome(run: Run, began: float) -> Outcome:
    """What a finished run's log says."""
    epochs, evaluated, finished = run.log.all(EpochEnded), run.log.all(Evaluated), run.log.newest(Finished)
    metrics = run.metrics()
    return Outcome(
        seconds=epochs[-1].time - began,
        first=epochs[0].time - began,
        epoch_seconds=[epoch.seconds for epoch in epochs],
        val_accuracy=[epoch.val_accuracy for epoch in epochs if epoch.best][-1],
        test_accuracy=metrics.accuracy if metrics and metrics.split == "test" else None,
        score=evaluated[0].time - began if evaluated else math.nan,
        final=evaluated[-1].time - began if evaluated else math.nan,
        end=finished.time - began if finished else math.nan,
    )


def parser(about: str | None) -> argparse.ArgumentParser:
    """The flags that all benchmarks share."""
    made = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    made.add_argument("--keras-home", type=Path, help="where ImageNet weights are; without it they are random")
    made.add_argument("--quick", action="store_true", help="see that it works: tiny generated photos, no real figures")
    return made


def use_keras_home(options: argparse.Namespace) -> str:
    """Point Keras at the weights, for this process and those it starts. Returns what `Task.weights` is then."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if options.keras_home and not options.quick:
        os.environ["KERAS_HOME"] = str(options.keras_home.resolve())
        return "imagenet"
    return "random"


def with_engine(task: Task, photos: Path, into: Path) -> Path:
    """A workspace in which a run over other photos has left its compiled engine, and nothing of these photos."""
    if not into.exists():
        command(photos, dataclasses.replace(task, epochs=1), into)
    fresh = into.with_name(f"{into.name}-{time.time_ns()}")
    shutil.copytree(into, fresh, ignore=shutil.ignore_patterns("runs", "*.lock", "logs", "worker-*"))
    return fresh


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def median_of(times: int, measure: Callable[[], float]) -> float:
    """The middle of several measurements."""
    return sorted(measure() for _ in range(times))[times // 2]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _output(command: list[str], environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a command that prints a line of JSON last."""
    surroundings = os.environ | (environment or {})
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=surroundings)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}")
    said: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    return said
