"""Advice from measurements: in numbers, of the same network only, and instead of the rule of thumb."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.advice.test_networks import measured
from transfer.advice.depth import advised_depth, gain
from transfer.advice.measured import Measurement, advice_on_measurements, measured_depths, measured_rate
from transfer.advice.settings import advice_on_settings
from transfer.config import RunConfig
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured

CONFIG = RunConfig(frozen_layers=130, fine_tune_learning_rate=2e-4)
TIMES = (1.0, 6.0, 12.0)


def depth(blocks: int, right: str) -> DepthMeasured:
    share = right.count("1") / len(right)
    return DepthMeasured(
        step=str(blocks),
        seconds=1.0,
        blocks=blocks,
        frozen_layers=(None, 138, 130)[blocks],
        fine_tune_epochs=8,
        fine_tune_learning_rate=1e-4 if blocks else None,
        parameters=blocks,
        accuracy=share,
        low=share - 0.05,
        high=share + 0.05,
        right=right,
        training_seconds=TIMES[blocks],
    )


def rate(phase: str, low: float | None, suggestion: float | None, high: float | None) -> LearningRateMeasured:
    return LearningRateMeasured(
        step=phase, seconds=1.0, phase=phase, rates=(1e-6, 1.0), losses=(1.0, 0.5),
        low=low, suggestion=suggestion, high=high, explodes=0.1,
    )  # fmt: skip


HEAD = depth(0, "1" * 70 + "0" * 30)
SAME = depth(1, "1" * 68 + "01" + "1" * 3 + "0" * 27)
BETTER = depth(2, "1" * 85 + "0" * 15)
WORSE = depth(2, "1" * 50 + "0" * 50)


def test_a_gain_is_counted_photo_by_photo() -> None:
    assert gain("1" * 50, "1" * 50).share == 0
    found = gain(BETTER.right, HEAD.right)
    assert found.share == pytest.approx(0.15) and 0.05 < found.low < 0.15 < found.high < 0.25
    mirrored = gain(HEAD.right, BETTER.right)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    # The same accuracies on other photos say less.
    assert gain("1" * 85 + "0" * 15, "0" * 30 + "1" * 70).low < found.low


def test_deeper_only_where_that_is_better_beyond_noise() -> None:
    assert advised_depth([]) is None and advised_depth([HEAD]) is None and advised_depth([SAME, BETTER]) is None
    noise = advised_depth([HEAD, SAME])
    assert noise and noise.best is HEAD
    assert noise.reason.startswith("Keep all layers frozen: unfreezing the last block gives +2.0 points (95 % interval")
    assert "within noise" in noise.reason and "6 times as long" in noise.reason
    better = advised_depth([HEAD, SAME, BETTER])
    assert better and better.best is BETTER
    assert better.reason.startswith("Unfreeze the last two blocks: it is right on 85.0% of new photos instead of 70.0%")
    worse = advised_depth([HEAD, WORSE])
    assert worse and worse.best is HEAD and "worse beyond noise" in worse.reason


def test_unfreezing_for_nothing_is_said_with_numbers() -> None:
    config = dataclasses.replace(CONFIG, frozen_layers=130)
    [notice] = advice_on_measurements(config, [Measurement(CONFIG, [HEAD, SAME, WORSE])])
    assert "100 photos" in notice.title and "makes it worse" in notice.title
    assert re.search(r"the last two blocks gives -20\.0 points", notice.message)
    [notice] = advice_on_measurements(
        dataclasses.replace(config, frozen_layers=138), [Measurement(CONFIG, [HEAD, SAME, WORSE])]
    )
    assert "does not help" in notice.title and "the last block gives +2.0 points" in notice.message
    frozen = dataclasses.replace(config, frozen_layers=None)
    assert not advice_on_measurements(frozen, [Measurement(CONFIG, [HEAD, SAME, WORSE])])
    assert not advice_on_measurements(config, [Measurement(CONFIG, [HEAD, SAME, BETTER])])
    [deeper] = advice_on_measurements(
        dataclasses.replace(config, frozen_layers=20), [Measurement(CONFIG, [HEAD, SAME, BETTER])]
    )
    assert deeper.fix == "Unfreeze the last two blocks only (130 layers stay frozen)."


def test_rates_outside_of_the_range_are_said_to_be_by_how_much() -> None:
    measured = [Measurement(CONFIG, [rate("head", 5e-4, 3e-3, 2e-2), rate("fine_tune", 1e-5, 1.5e-4, 5e-4)])]
    assert not advice_on_measurements(CONFIG, measured)
    high, low = advice_on_measurements(
        dataclasses.replace(CONFIG, head_learning_rate=0.3, fine_tune_learning_rate=1e-6), measured
    )
    assert "new layers (0.3) is 15 times too high" in high.title and "0.1 on it was worse" in high.message
    assert "fine-tuning (1e-06) is 10 times too low" in low.title and "Try 0.00015" in low.fix
    assert not advice_on_measurements(CONFIG, [Measurement(CONFIG, [rate("head", None, None, None)])])


def test_only_the_same_network_counts_and_the_newest_study_of_it() -> None:
    old, new = rate("head", 1e-4, 1e-3, 1e-2), rate("head", 2e-4, 2e-3, 2e-2)
    measured = [Measurement(CONFIG, [old, HEAD]), Measurement(CONFIG, [new])]
    assert measured_rate(CONFIG, measured, "head") is new
    assert measured_depths(CONFIG, measured) == [HEAD]
    assert measured_rate(dataclasses.replace(CONFIG, image_size=224), measured, "head") is new  # its own size
    for change in ({"backbone": "MobileNetV2"}, {"image_size": 96}, {"weights": "random"}, {"optimizer": "sgd"}):
        assert measured_rate(dataclasses.replace(CONFIG, **change), measured, "head") is None
    other = dataclasses.replace(CONFIG, frozen_layers=138)
    assert measured_rate(other, measured, "head") is new
    tuned = [Measurement(CONFIG, [rate("fine_tune", 1e-4, 1e-3, 1e-2)])]
    assert measured_rate(CONFIG, tuned, "fine_tune") and measured_rate(other, tuned, "fine_tune") is None


def test_what_was_measured_silences_the_rule_of_thumb() -> None:
    config = dataclasses.replace(CONFIG, fine_tune_learning_rate=1e-3)
    assert any("fine-tuning is high" in notice.title for notice in advice_on_settings(config))
    measured = [Measurement(config, [rate("fine_tune", 1e-4, 1e-3, 1e-2)])]
    assert not advice_on_settings(config, None, measured)


def test_a_network_that_does_not_suit_the_photos_is_said_to_be() -> None:
    good, alike = measured("EfficientNetLite0", "1" * 90 + "0" * 10, 50.0), measured("VGG19", "1" * 89 + "0" * 11, 2.0)
    bad = measured("VGG16", "1" * 70 + "0" * 30, 3.0)
    study = [Measurement(CONFIG, [good, alike, bad])]
    (notice,) = advice_on_measurements(RunConfig(backbone="VGG16"), study)
    assert notice.title == "Another network suits your photos better than VGG16."
    assert "EfficientNetLite0 was right on 90.0% of them, VGG16 on 70.0%" in notice.message
    for config in (
        RunConfig(backbone="EfficientNetLite0"),
        RunConfig(backbone="VGG19"),
        RunConfig(backbone="ResNet50"),
        RunConfig(backbone="VGG16", image_size=96),
        RunConfig(backbone="VGG16", weights="random"),
    ):
        assert advice_on_measurements(config, study) == []
