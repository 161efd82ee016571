"""Setup: what a training works with, whether it is that of a run or a short one that is only looked at."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.learning.device import Device
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox
from transfer.learning.reporter import Reporter
from transfer.learning.training.network import TrainedNetwork


@dataclass(frozen=True)
class Setup:
    """The parts.

    Attributes:
        config: what was chosen; what is in force by now, a `Course` knows.
        dataset: the photos.
        network: which is trained.
        extractor: computes and keeps features.
        device: what to train on.
        reporter: where progress goes.
        inbox: what is asked of it.
    """

    config: RunConfig
    dataset: Dataset
    network: TrainedNetwork
    extractor: FeatureExtractor
    device: Device
    reporter: Reporter
    inbox: Inbox
