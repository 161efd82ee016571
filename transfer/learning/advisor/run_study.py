"""RunStudy: a study of one network on its kept maps, step by step, until it is done, stopped or out of time.

What is measured at each step is in `depth` and `learning_rate`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.subset import subset
from transfer.learning.advisor.deadline import Deadline, OutOfTime
from transfer.learning.device import Device, use_precision
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox
from transfer.learning.reporter import Reporter
from transfer.messages.measurements import Planned, StepEnded
from transfer.networks.backbones import BACKBONES
from transfer.networks.candidates import Candidate
from transfer.runs.progress import duration
from transfer.runs.study import Study
from transfer.runs.workspace import Workspace

Steps = Callable[[RunConfig, Dataset, FeatureExtractor, Device, Reporter, Inbox], Iterator[StepEnded]]
GETTING_READY = 5.0  # seconds of a first step besides looking at photos


def of_one_network(steps: Steps, plan: Callable[[RunConfig], dict[str, float]]) -> Callable[..., None]:
    """An `advisor.Measure` of steps that come one by one, and of how long they take against each other."""

    def measure(study: Study, device: Device, reporter: Reporter, inbox: Inbox) -> None:
        use_precision(device)
        config, limit = study.config.run, 60 * study.config.minutes
        photos = subset(study.dataset, study.config.photos_a_class)
        first = GETTING_READY + _looking(config, len(photos.photos))
        planned = plan(config)
        study.log.append(
            Planned(steps=tuple(planned), seconds=tuple(round(first * times, 2) for times in planned.values()))
        )
        deadline = Deadline(study.mailbox, limit)
        extractor = FeatureExtractor(Workspace.of(study), device, reporter, deadline)
        try:
            for step in steps(config, photos, extractor, device, reporter, deadline):
                study.log.append(step)
        except OutOfTime:
            message = f"The limit of {duration(limit)} was over before everything was measured."
            reporter.notice("Out of time.", message)
        finally:
            extractor.close()

    return measure


def _looking(config: RunConfig, photos: int) -> float:
    """About how many seconds one look at the photos takes; of a network of one's own nobody knows."""
    record = BACKBONES.get(config.backbone)
    if record is None:
        return photos / 50 / (os.cpu_count() or 1)
    return Candidate(record.name, config.alpha, config.image_size or record.image_size).seconds(photos)
