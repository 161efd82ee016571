"""Studies of one network as the worker makes them: told step by step, stopped in time, out of time in words."""

from __future__ import annotations

import dataclasses

import pytest

from transfer.learning import worker
from transfer.messages.endings import Finished, Stopped
from transfer.messages.events import Noticed
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured, Planned, StepEnded
from transfer.runs.run import Run
from transfer.runs.study import Study, StudyConfig
from transfer.runs.workspace import Workspace


def made(lite: Run, kind: str, minutes: float = 10.0, **settings: object) -> Study:
    config = dataclasses.replace(lite.config, **settings)  # type: ignore[arg-type]
    studied = StudyConfig(run=config, kind=kind, photos_a_class=8, minutes=minutes)
    return Workspace.of(lite).create_study(studied, lite.dataset)


def test_learning_rates_of_both_phases(lite: Run) -> None:
    study = made(lite, "learning_rate")
    assert worker.main([str(study.path)]) == 0, study.log.read()
    planned = study.log.newest(Planned)
    assert planned and planned.steps == ("new layers", "fine-tuning") and planned.seconds[0] < planned.seconds[1]
    assert [step.phase for step in study.log.all(LearningRateMeasured)] == ["head", "fine_tune"]
    assert isinstance(study.log.last(), Finished) and study.status().state == "finished"


def test_depth_until_the_time_is_up(lite: Run) -> None:
    """The limit is 3 seconds: the head is measured in it or nothing is, the last two blocks never."""
    study = made(lite, "depth", minutes=0.05)
    assert worker.main([str(study.path)]) == 0, study.log.read()
    noticed = study.log.newest(Noticed)
    assert noticed and noticed.title == "Out of time." and "3 s" in noticed.message
    assert len(study.log.all(DepthMeasured)) < 3 and isinstance(study.log.last(), Finished)


@pytest.mark.parametrize("kind", ["depth", "learning_rate"])
def test_stopped(kind: str, lite: Run) -> None:
    study = made(lite, kind, seed=3)
    study.request_stop()
    if study.status().state != "stopped":
        worker.main([str(study.path)])
    assert isinstance(study.log.last(), Stopped) and not study.log.all(StepEnded)
