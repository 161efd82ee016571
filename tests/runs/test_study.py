"""Studies: folders like runs, in the same line, and how far they are."""

from pathlib import Path

import pytest

from transfer.config import RunConfig
from transfer.errors import ConfigError, RunError
from transfer.messages.endings import Died, Finished
from transfer.messages.events import Event, Launched, Progressed, Started
from transfer.messages.measurements import NetworkLeftOut, Planned
from transfer.runs.progress import study_progress
from transfer.runs.run import Run
from transfer.runs.study import Study, StudyConfig, open_job
from transfer.runs.workspace import Workspace

from .conftest import dataset


@pytest.fixture
def study(workspace: Workspace, tmp_path: Path) -> Study:
    return new_study(workspace, tmp_path)


def new_study(workspace: Workspace, root: Path, **settings: object) -> Study:
    config = RunConfig.from_dict({"photos": str(root / "pets"), **settings})
    return workspace.create_study(StudyConfig(run=config, minutes=3), dataset(root))


def left_out(step: str, seconds: float) -> Event:
    return NetworkLeftOut(step=step, seconds=seconds, backbone=step, alpha=1.0, image_size=224, reason="")


def test_what_was_asked_for_is_kept(study: Study, workspace: Workspace, run: Run) -> None:
    assert (study.config.kind, study.config.minutes, study.config.run.photos[-4:]) == ("networks", 3, "pets")
    assert study.dataset.classes == ("cat", "dog")
    assert workspace.studies() == [study] and workspace.runs() == [run]
    assert open_job(study.path) == study and open_job(run.path) == run
    assert isinstance(open_job(study.path), Study) and isinstance(open_job(run.path), Run)
    with pytest.raises(RunError, match="no study"):
        Study(workspace.studies_dir / "other")


@pytest.mark.parametrize(
    "wrong", [{"kind": "weather"}, {"minutes": 0}, {"minutes": float("nan")}, {"photos_a_class": 1}, {"minutes": "x"}]
)
def test_what_cannot_be_measured_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        StudyConfig(run=RunConfig(), **wrong).validated()  # type: ignore[arg-type]


def test_it_comes_before_the_runs_that_wait(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    first, second = new_study(workspace, tmp_path), new_study(workspace, tmp_path)
    assert workspace.waiting() == [*sorted([first, second], key=lambda each: each.created), run]
    assert run.status().place == 1
    assert workspace.waiting([run]) == [run]


def test_its_states_are_said_in_its_own_words(study: Study) -> None:
    assert study.status().state == "queued"
    study.log.append(Launched())
    assert study.status().message == "Measuring."
    study.request_stop()
    assert study.status().message == "Stopping: what was measured so far is kept."
    study.log.append(Finished())
    assert study.status().over


def test_its_progress(study: Study) -> None:
    assert study_progress(study).message == "Next in line."
    with study.lock.acquire(timeout=1):
        study.log.append(Launched())
        assert "TensorFlow" in study_progress(study).message
        study.log.append(Started(device="CPU"))
        study.log.append(Planned(steps=("a", "b", "c", "d"), seconds=(1.0, 2.0, 4.0, 8.0)))
        now = study_progress(study)
        assert (now.step, now.done, now.total, now.fraction, now.eta_seconds) == ("a", 0, 4, 0.0, 15.0)
        study.log.append(left_out("a", 2.0))
        study.log.append(Progressed(stage="features", message="Looking.", done=5, total=10))
        now = study_progress(study)
        assert (now.message, now.step, now.done, now.fraction) == ("Looking.", "b", 1, 1.5 / 4)
        assert now.eta_seconds == 2 * (1 + 4 + 8), "everything takes twice as long as was foreseen"
        for step in "bcd":
            study.log.append(left_out(step, 2.0))
        now = study_progress(study)
        assert (now.step, now.fraction, now.eta_seconds) == ("", 1.0, None)
    study.log.append(Died(message="Killed."))
    assert study_progress(study).message == "Killed."
