"""Depth: what the short runs give is what a real run gives, on photos dealt so that each is a new one once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.dataset.subset import folds, subset
from transfer.learning import device
from transfer.learning.advisor.depth import STEPS, depths, measure_depths, with_depth
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.inbox import Inbox
from transfer.learning.reporter import Reporter
from transfer.learning.training.trainer import Trainer
from transfer.messages.measurements import DepthMeasured
from transfer.networks.layers import blocks, layers
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


def test_depths_are_those_of_the_quick_choices() -> None:
    config = RunConfig(backbone="EfficientNetLite0")
    trainable = [block.start for block in blocks(layers("EfficientNetLite0")) if block.parameters]
    assert depths(config) == {0: None, 1: trainable[-1], 2: trainable[-2]}


def few(lite: Run) -> Dataset:
    return subset(lite.dataset, 12)


@pytest.fixture(scope="module")
def measured(lite: Run) -> Iterator[list[DepthMeasured]]:
    chosen, reporter = device.choose(), Reporter(lite)
    inbox = Inbox(lite.mailbox)
    extractor = FeatureExtractor(Workspace.of(lite), chosen, reporter, inbox)
    yield list(measure_depths(lite.config, few(lite), extractor, chosen, reporter, inbox))
    extractor.close()


def test_all_depths_meet_the_same_photos(lite: Run, measured: list[DepthMeasured]) -> None:
    photos = len(few(lite).photos)
    assert [(each.step, each.blocks) for each in measured] == [(name, count) for count, name in enumerate(STEPS)]
    for each in measured:
        assert len(each.right) == photos
        assert each.accuracy == each.right.count("1") / photos and each.low < each.accuracy < each.high
        assert each.accuracy > 0.5  # blind guessing gives 0.17
        assert 0 < each.training_seconds < each.seconds
    head, last, two = measured
    assert head.parameters == 0 and head.fine_tune_learning_rate is None
    assert 0 < last.parameters < two.parameters
    assert last.fine_tune_learning_rate and two.fine_tune_learning_rate


@pytest.mark.parametrize("count", [0, 1])
def test_a_real_run_gives_the_same(count: int, lite: Run, measured: list[DepthMeasured]) -> None:
    depth = measured[count]
    config = with_depth(lite.config, depth.frozen_layers, depth.fine_tune_learning_rate)
    fold = folds(few(lite))[0]
    run = Workspace.of(lite).create(config, fold)
    with run.lock:
        trainer = Trainer(run, device.choose(), Reporter(run))
        assert trainer.train()
        trainer.close()
    history = run.history()
    accuracy = history[history["best"] == True]["val_accuracy"].iloc[-1]  # noqa: E712 - a column of objects
    names = {photo.path for photo in fold.of("validation")}
    right = np.array(
        [said == "1" for said, photo in zip(depth.right, few(lite).photos, strict=True) if photo.path in names]
    )
    # Of the head's features, which a run that unfreezes layers computes in two steps, the last digits differ.
    assert accuracy == pytest.approx(right.mean(), abs=1.01 * count / len(right))
