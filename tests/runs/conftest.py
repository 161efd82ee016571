"""A workspace with a photo folder that needs no photos: the run directory only records them."""

from pathlib import Path
from typing import Any

import pytest

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo, Split
from transfer.messages.events import EpochEnded
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


def dataset(root: Path) -> Dataset:
    splits: tuple[Split, ...] = ("train", "train", "validation", "test")
    photos = [
        Photo(f"{name}/{i}.jpg", label, split, f"{name}{i}")
        for label, name in enumerate(("cat", "dog"))
        for i, split in enumerate(splits)
    ]
    return Dataset(root=str(root), classes=("cat", "dog"), photos=tuple(photos))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def run(workspace: Workspace, tmp_path: Path) -> Run:
    return new_run(workspace, tmp_path)


def new_run(workspace: Workspace, root: Path, **settings: object) -> Run:
    config = RunConfig.from_dict({"photos": str(root / "pets"), **settings})
    return workspace.create(config, dataset(root))


def epoch(step: int, **told: Any) -> EpochEnded:
    """The end of an epoch of the first phase, of which only `told` matters."""
    return EpochEnded(**{"phase": "head", "epoch": step, "step": step, "loss": 0.5, "accuracy": 0.8, **told})
