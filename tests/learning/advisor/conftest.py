"""Drawn photos and the network that is installed with Transfer, small: what is measured here must be true of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from transfer.learning import device
from transfer.learning.advisor.short_run import ShortRun
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox
from transfer.learning.reporter import Reporter
from transfer.learning.training.network import TrainedNetwork
from transfer.learning.training.setup import Setup
from transfer.networks.layers import last_blocks, layers
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace
from transfer.samples import draw as samples

LITE: dict[str, Any] = {
    "backbone": "EfficientNetLite0",
    "weights": "imagenet",
    "image_size": 64,
    "hidden_units": 0,
    "dropout": 0.0,
    "head_epochs": 30,
    "head_learning_rate": 3e-3,
    "frozen_layers": last_blocks(layers("EfficientNetLite0"), 1),
    "fine_tune_epochs": 8,
    "batch_size": 16,
    "early_stopping_patience": 5,
}


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six classes of 24 photos."""
    return samples.draw(tmp_path_factory.mktemp("samples"), per_class=24)


@pytest.fixture(scope="session")
def lite(make_run: Callable[..., Run], drawn: Path) -> Run:
    """A run nobody works on, whose settings, photos and folder the tests use."""
    return make_run(drawn, **LITE)


@pytest.fixture
def surroundings(lite: Run) -> Iterator[tuple[FeatureExtractor, device.Device, Reporter, Inbox]]:
    """What the measuring functions take after config and dataset."""
    chosen, reporter, inbox = device.choose(), Reporter(lite), Inbox(lite.mailbox)
    extractor = FeatureExtractor(Workspace.of(lite), chosen, reporter, inbox)
    yield extractor, chosen, reporter, inbox
    extractor.close()


@pytest.fixture
def short_run(lite: Run, surroundings: tuple[FeatureExtractor, device.Device, Reporter, Inbox]) -> ShortRun:
    """A short run with the settings and photos of `lite`."""
    extractor, chosen, reporter, _ = surroundings
    network = TrainedNetwork(lite.config, len(lite.dataset.classes), chosen, reporter, extractor)
    return ShortRun(Setup(lite.config, lite.dataset, network, *surroundings))
