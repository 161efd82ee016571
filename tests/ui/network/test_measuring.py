"""What was measured before training, as the page shows it: which study, its table and curves, what taking over does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.ui.conftest import read
from transfer.advice.depth import advised_depth
from transfer.advice.settings import advice_on_settings
from transfer.commands.desk import Desk
from transfer.commands.findings import SettingFindings
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo
from transfer.messages.endings import Finished
from transfer.messages.events import Noticed, Started
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured
from transfer.runs.progress import StudyProgress
from transfer.runs.study import Study, StudyConfig
from transfer.runs.workspace import Workspace
from transfer.ui.network import depth, rates
from transfer.ui.network.measuring import newest, standing

CONFIG = RunConfig(photos="/photos", frozen_layers=138, head_learning_rate=0.3, fine_tune_learning_rate=1e-5)


def measured(blocks: int, right: str) -> DepthMeasured:
    share = right.count("1") / len(right)
    return DepthMeasured(
        step=("head only", "last block", "last two blocks")[blocks],
        seconds=9.0,
        blocks=blocks,
        frozen_layers=(None, 138, 130)[blocks],
        fine_tune_epochs=8,
        fine_tune_learning_rate=0.00052 if blocks else None,
        parameters=409_600 * blocks,
        accuracy=share,
        low=share - 0.05,
        high=share + 0.05,
        right=right,
        training_seconds=1.0 + 6 * blocks,
    )


def ranged(phase: str, suggestion: float | None = 0.0024) -> LearningRateMeasured:
    points = np.geomspace(1e-6, 1, 40)
    return LearningRateMeasured(
        step="new layers",
        seconds=2.0,
        phase=phase,
        rates=tuple(map(float, points)),
        losses=tuple(float(min(1.8, 0.1 / point**0.3) if point < 0.2 else 40.0) for point in points),
        low=suggestion and 3e-4,
        high=suggestion and 2e-2,
        suggestion=suggestion,
        explodes=0.2,
    )


HEAD = measured(0, "1" * 70 + "0" * 30)
LAST = measured(1, "1" * 69 + "01" + "1" * 2 + "0" * 27)
TWO = measured(2, "1" * 85 + "0" * 15)


def test_no_depth_is_recommended_before_there_is_something_to_compare() -> None:
    assert depth.show(found(), CONFIG) == "" and found(HEAD).settings() == {}
    page = read(depth.show(found(HEAD), CONFIG))
    assert "70%" in page.text and "recommended" not in page.text.lower()


def test_the_depths_and_what_taking_one_over_changes() -> None:
    page = read(depth.show(found(HEAD, LAST), CONFIG))
    assert "Recommended: only the new layers" in page.text and "within noise" in page.text
    assert found(HEAD, LAST).settings() == {"frozen_layers": None}
    page = read(depth.show(found(HEAD, LAST, TWO), CONFIG))
    assert "Recommended: the last two blocks" in page.text and "100 of your photos" in page.text
    assert "819 thousand" in page.text and "0.00052" in page.text and "+15.0 (" in page.text
    assert found(HEAD, LAST, TWO).settings() == {
        "frozen_layers": 130,
        "fine_tune_epochs": 8,
        "fine_tune_learning_rate": 0.00052,
    }


def test_a_curve_for_each_phase_with_the_rate_that_is_set() -> None:
    steps = [ranged("head"), ranged("fine_tune")]
    page = read(rates.show(found(*steps), CONFIG))
    assert [tag for tag, _ in page.tags].count("svg") == 2
    assert "The new layers: 0.0024 (good: 0.0003 to 0.02; 0.3, which is set, is too high)" in page.text
    assert "0.00001, which is set, is too low" in page.text and "set: 0.3" in page.text
    assert found(*steps).settings() == {"head_learning_rate": 0.0024, "fine_tune_learning_rate": 0.0024}


def test_no_rate_is_suggested_where_the_loss_never_fell() -> None:
    page = read(rates.show(found(ranged("head", None)), CONFIG))
    assert "No rate stood out" in page.text and "keep 0.3" in page.text
    assert found(ranged("head", None)).settings() == {}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk.open(Workspace(tmp_path / "workspace"), [tmp_path], tmp_path / "logs")
    yield desk
    desk.close()


def found(*steps: DepthMeasured | LearningRateMeasured) -> SettingFindings:
    depths = [step for step in steps if isinstance(step, DepthMeasured)]
    return SettingFindings(
        "study", "finished", "/photos", StudyProgress("", "", 1, 1, 1.0, None), steps, advised_depth(depths)
    )


def photos(split: str = "train") -> Dataset:
    return Dataset("/photos", ("a", "b"), tuple(Photo(f"{n}", n % 2, split, f"{n}") for n in range(8)))  # type: ignore[arg-type]


def study(desk: Desk, *events: DepthMeasured | LearningRateMeasured, dataset: Dataset, **settings: object) -> Study:
    kind = "learning_rate" if events and isinstance(events[0], LearningRateMeasured) else "depth"
    config = dataclasses.replace(CONFIG, **settings)  # type: ignore[arg-type]
    made = desk.workspace.create_study(StudyConfig(run=config, kind=kind), dataset)
    for event in (Started(device="CPU"), *events, Finished()):
        made.log.append(event)
    return made


def test_only_studies_of_these_photos_and_this_network_are_shown(desk: Desk) -> None:
    mine, other = photos(), photos("validation")
    shown = study(desk, HEAD, LAST, dataset=mine)
    study(desk, HEAD, dataset=other)
    study(desk, HEAD, dataset=mine, backbone="MobileNetV2")
    assert newest(desk, "depth", "/photos", mine, CONFIG) == shown
    assert newest(desk, "depth", "/photos", mine, dataclasses.replace(CONFIG, frozen_layers=None)) == shown
    assert newest(desk, "depth", "/photos", mine, dataclasses.replace(CONFIG, image_size=96)) is None
    assert newest(desk, "depth", "/elsewhere", mine, CONFIG) is None
    assert newest(desk, "learning_rate", "/photos", mine, CONFIG) is None
    waiting = desk.workspace.create_study(
        StudyConfig(run=dataclasses.replace(CONFIG, backbone="VGG16"), kind="depth"), mine
    )
    assert newest(desk, "depth", "/photos", mine, CONFIG) == waiting  # what is under way is shown to its end
    assert "Next in line" in read(standing(waiting)).text


def test_advice_comes_from_what_was_measured_on_the_same_photos(desk: Desk) -> None:
    study(desk, HEAD, LAST, dataset=photos())
    study(desk, ranged("head"), ranged("fine_tune"), dataset=photos())
    said = [notice.title for notice in advice_on_settings(CONFIG, None, desk.studies.measurements(photos()))]
    assert said == [
        "The learning rate of the new layers (0.3) is 15 times too high.",
        "The learning rate of fine-tuning (1e-05) is 30 times too low.",
        "With 100 photos, unfreezing this much does not help.",
    ]
    assert desk.studies.measurements(photos("validation")) == []


def test_a_study_out_of_time_says_so(desk: Desk) -> None:
    made = study(desk, HEAD, dataset=photos())
    assert standing(made) == ""
    made.log.append(Noticed(title="Out of time.", message="The limit of 10 min was over."))
    made.log.append(Finished())
    assert "Out of time." in read(standing(made)).text
