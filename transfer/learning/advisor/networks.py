"""Which network suits these photos: each one that is ready is tried on a part of them, frozen, with a linear probe.

One after the other, the quickest first, in this process. The features are those of a run, computed by the same engine
and kept in the same store, so that the run that follows finds them; the probe is the run's own refined head, which has
a closed form, and so has leaving each photo out (`training.ridge`): every photo is named by a head that learned from
all the others. What is recommended follows from the events, in `advice.networks`.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.subset import subset
from transfer.errors import ConfigError, TransferError
from transfer.learning.advisor.deadline import Deadline, OutOfTime
from transfer.learning.analysis.intervals import wilson
from transfer.learning.device import Device, use_precision
from transfer.learning.features.extraction import FeatureExtractor, NotKept
from transfer.learning.inbox import Inbox
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.learning.training.network import TrainedNetwork
from transfer.learning.training.phases import class_weights
from transfer.learning.training.refinement import choose
from transfer.messages.measurements import NetworkLeftOut, NetworkMeasured, Planned
from transfer.networks.candidates import Candidate, ready
from transfer.runs.progress import duration
from transfer.runs.study import Study
from transfer.runs.workspace import Workspace

BATCH = 32  # photos
GETTING_READY = 4.0  # seconds that a network takes besides looking at photos
HEAD = 2e-4  # seconds that the head takes for a photo in a whole training, at most


def measure_networks(study: Study, device: Device, reporter: Reporter, inbox: Inbox) -> None:
    """Measure every network that is ready, as long as there is time; see `advisor.Measure`.

    Raises:
        ConfigError: when no network is ready.
        Stopped: when the user asked to stop; what was measured is told.
    """
    candidates = ready()
    if not candidates:
        raise ConfigError(
            "There is no network to be measured.",
            expected="the weights of at least one network on this machine",
            found="none",
            fix="Choose a network from the list, which says how to get its weights.",
        )
    use_precision(device)
    photos, deadline = subset(study.dataset, study.config.photos_a_class), Deadline(study.mailbox, _limit(study))
    expected = [GETTING_READY + candidate.seconds(len(photos.photos)) for candidate in candidates]
    study.log.append(
        Planned(steps=tuple(each.name for each in candidates), seconds=tuple(round(each, 2) for each in expected))
    )
    pace, began = 1.0, time.monotonic()
    for number, candidate in enumerate(candidates):
        if number:
            pace = (time.monotonic() - began) / sum(expected[:number])
        started = time.monotonic()
        try:
            deadline.raise_if_stopped()
            # Twice: what is foreseen is not exact, and half a network is worth nothing.
            if number and pace * expected[number] > 2 * deadline.seconds_left:
                raise OutOfTime
            told = _measure(candidate, study, photos, device, reporter, deadline)
            study.log.append(dataclasses.replace(told, seconds=round(time.monotonic() - started, 2)))
        except OutOfTime:
            needed = f"it would have taken about {duration(pace * expected[number])}" if number else "it took too long"
            reason = f"Out of time: the limit was {duration(_limit(study))}, and {needed}."
            study.log.append(_left_out(candidate, reason, time.monotonic() - started))
        except (TransferError, NotKept) as trouble:
            study.log.append(_left_out(candidate, str(trouble), time.monotonic() - started))


def _limit(study: Study) -> float:
    return 60 * study.config.minutes


def _measure(
    candidate: Candidate, study: Study, few: Dataset, device: Device, reporter: Reporter, inbox: Inbox
) -> NetworkMeasured:
    config = dataclasses.replace(_plain(study.config.run), **candidate.settings)
    classes = len(few.classes)
    extractor = FeatureExtractor(Workspace.of(study), device, reporter, inbox)
    try:
        network = TrainedNetwork(config, classes, device, reporter, extractor)
        stages = network.stages("head")
        photos = PhotoSource(few, "train", network.image_size, BATCH, reporter.skip)
        source = extractor.extract(stages, photos)
        speed = extractor.photos_per_second(stages, photos)
    finally:
        extractor.close()
    rows, real = source.everything()
    features, labels = rows[real].astype(np.float32).reshape(int(real.sum()), -1), photos.labels[real]
    _, left_out = choose(config, features, labels, network.parts, False, class_weights(config, few))
    named = left_out.argmax(axis=1) == labels
    right = int(named.sum())
    low, high = wilson(right, len(labels))
    everything = len(study.dataset.photos)
    return NetworkMeasured(
        step=candidate.name,
        seconds=0.0,
        backbone=candidate.backbone,
        alpha=candidate.alpha,
        image_size=candidate.image_size,
        accuracy=right / len(labels),
        low=low,
        high=high,
        right="".join("1" if each else "0" for each in named),
        photos_per_second=round(speed, 1),
        megabytes=round(4 * (candidate.parameters + (features.shape[1] + 1) * classes) / 2**20, 2),
        training_seconds=round(GETTING_READY + everything / speed + HEAD * everything, 1),
        features=features.shape[1],
    )


def _plain(config: RunConfig) -> RunConfig:
    """The run as it would be with the features of the whole network, which is what networks are compared by."""
    return dataclasses.replace(config, frozen_layers=None, pooling="avg", augmentation="off")


def _left_out(candidate: Candidate, reason: str, seconds: float) -> NetworkLeftOut:
    return NetworkLeftOut(
        step=candidate.name,
        seconds=round(seconds, 2),
        backbone=candidate.backbone,
        alpha=candidate.alpha,
        image_size=candidate.image_size,
        reason=reason,
    )
