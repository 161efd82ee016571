"""Tiny photos and runs for the tests of the learning side; one whole training is shared by all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import pytest
from PIL import Image

from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

# A network of three layers that knows nothing, at the smallest size: what counts here is what happens around it.
TINY: dict[str, Any] = {
    "weights": "random",
    "image_size": 32,
    "hidden_units": 8,
    "dropout": 0.4,
    "head_epochs": 4,
    "head_learning_rate": 0.01,
    "frozen_layers": 3,
    "fine_tune_epochs": 3,
    "fine_tune_learning_rate": 1e-4,
    "batch_size": 16,
    "early_stopping_patience": 0,
    "name": "Tiny Örtchen",
}
COLOURS = {"blue": (40, 60, 200), "green | grün": (40, 180, 60), "red": (200, 50, 40)}


def paint(folder: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """A folder of noisy coloured photos that even a random network can learn."""
    rng = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.clip(rng.normal(COLOURS[name], 60, (40, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03d}.png")
    return folder


def work(run: Run) -> subprocess.Popen[bytes]:
    """Start the worker of a run as the supervisor does."""
    with run.worker_log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "transfer.learning.worker", str(run.path)], stdout=log, stderr=log
        )


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 30 photos."""
    return paint(tmp_path_factory.mktemp("photos") / "colours", dict.fromkeys(COLOURS, 30))


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one's own: unlike the known networks with random weights, so small a one does learn something."""
    import keras

    layer, start = keras.layers.Conv2D, {"kernel_initializer": "he_normal", "padding": "same"}
    photo = keras.Input((32, 32, 3))
    x = layer(12, 3, strides=2, activation="relu", name="first", **start)(photo)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = layer(16, 3, strides=2, activation="relu", name="second", **start)(x)
    x = layer(24, 3, strides=2, activation="relu", name="third", **start)(x)
    x = keras.layers.Dense(5, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    file = tmp_path_factory.mktemp("backbone") / "three.keras"
    keras.Model(photo, x).save(file)
    return file


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory, photos: Path, backbone: Path) -> Callable[..., Run]:
    """Makes runs that nobody has worked on yet."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))

    def make(folder: Path | None = None, **settings: Any) -> Run:
        config = RunConfig.from_dict({"backbone": str(backbone), **TINY, **settings, "photos": str(folder or photos)})
        return workspace.create(config, scan(folder or photos, seed=config.seed))

    return make


@pytest.fixture(scope="session")
def trained(make_run: Callable[..., Run]) -> Run:
    """A run that a worker process has finished, both phases. Tests only read it, or write exports of their own."""
    run = make_run()
    worker = work(run)
    assert worker.wait(timeout=300) == 0, run.worker_log.read_text()
    return run
