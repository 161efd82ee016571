"""How far a run is, in every state it can be in."""

import dataclasses
import re

import pytest

from transfer.messages.endings import Died, Finished, Paused, Resumed
from transfer.messages.events import (
    EarlyStopped,
    EpochEnded,
    Evaluated,
    Launched,
    PhaseBegun,
    Progressed,
    Refined,
    Started,
)
from transfer.runs.progress import duration, left, progress
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

from .conftest import epoch, new_run


@pytest.fixture
def run(workspace: Workspace, tmp_path) -> Run:
    return new_run(workspace, tmp_path, head_epochs=3, frozen_layers=1, fine_tune_epochs=1)


def tell(run: Run, done: int, total: int, **numbers: float | None) -> None:
    run.log.append(Progressed(stage="train", message="Learning.", done=done, total=total, unit="photos", **numbers))


def test_a_waiting_run(run: Run) -> None:
    now = progress(run)
    assert (now.message, now.fraction, now.step_fraction, now.eta_seconds) == ("Next in line.", 0.0, 0.0, None)
    assert (now.epochs_done, now.epochs_total) == (0, 4)


def test_a_run_that_gets_ready(run: Run) -> None:
    run.log.append(Launched())
    now = progress(run)
    assert now.message == "Getting ready: loading TensorFlow and the network."
    assert now.eta_seconds is not None and now.eta_seconds > 5 and now.at_most, "from the first second on"
    assert now.left == "about half a minute on an idle machine", "no bound: it may be busy"


def test_a_run_in_training(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        run.log.append(Started(device="CPU", resumed_from=None))
        run.log.append(PhaseBegun(phase="head", epochs=3, learning_rate=0.1, trainable_parameters=9, photos=40))
        assert progress(run).message == "Training."
        tell(run, 30, 40, photos_per_second=12.5, eta_seconds=3.0, memory_mb=400.0)
        run.log.append(epoch(1))
        run.log.append(epoch(2, partial=True))
        now = progress(run)
    assert (now.message, now.step_fraction, now.step_eta) == ("Learning.", 0.75, 3.0)
    assert (now.epochs_done, now.epochs_total) == (1, 4), "half a round does not count"
    assert (now.photos_per_second, now.memory_mb) == (12.5, 400.0)
    assert now.eta_seconds is not None and now.eta_seconds > 3, "the model is still to be tested and written"
    assert 0 < now.fraction < 1 and now.at_most and now.left.startswith("at most")


def test_a_run_that_goes_on_goes_as_fast_as_before(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        run.log.append(PhaseBegun(phase="head", epochs=3, learning_rate=0.1, trainable_parameters=9, photos=40))
        run.log.append(dataclasses.replace(epoch(1), seconds=500.0))
        run.log.append(Paused(message="Paused."))
        run.log.append(Resumed())
        run.log.append(Launched())
        tell(run, 41, 120)
        left = progress(run).eta_seconds
    assert left is not None and 1000 < left < 1060, "two rounds, and the model to write"


def test_a_run_that_ends_early_ends_at_its_end(workspace: Workspace, tmp_path) -> None:
    run = new_run(workspace, tmp_path)
    seen = []
    stages = [
        Launched(),
        Started(device="CPU"),
        PhaseBegun(phase="head", epochs=100, learning_rate=0.1, trainable_parameters=9, photos=40),
        epoch(19),
        EarlyStopped(phase="head", epoch=19, best_epoch=9),
        Evaluated(split="test", accuracy=1, low=1, high=1, baseline=1, photos=1),
        Refined(taken=True, photos=1, before=0, after=1, share=0, mirrored=False, penalty=1, seconds=1),
    ]
    with run.lock.acquire(timeout=1):
        for event in stages:
            run.log.append(event)
            if isinstance(event, EpochEnded):
                tell(run, 19, 100, eta_seconds=0.1)
            if isinstance(event, EarlyStopped):
                run.log.append(Progressed(stage="evaluate", message="", done=0, total=9))
            seen.append(progress(run))
    left = [now.eta_seconds for now in seen]
    assert left == sorted(left, reverse=True), "each stage leaves less to do"
    assert [now.fraction for now in seen] == sorted(now.fraction for now in seen)
    assert [now.at_most for now in seen] == [True] * 4 + [False] * 3
    assert [now.epochs_total for now in seen] == [100] * 4 + [19] * 3
    run.log.append(Finished())
    now = progress(run)
    assert (now.fraction, now.epochs_done, now.epochs_total, now.eta_seconds) == (1.0, 19, 19, None)


def test_a_run_that_is_stopped_has_only_its_model_to_write(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        run.log.append(Launched())
        run.log.append(PhaseBegun(phase="head", epochs=3, learning_rate=0.1, trainable_parameters=9, photos=40))
        tell(run, 1, 40, eta_seconds=999.0)
        run.log.append(epoch(1))
        tell(run, 1, 40, eta_seconds=999.0)
        assert progress(run).eta_seconds > 999
        run.request_stop()
        now = progress(run)
    assert now.eta_seconds < 60 and not now.at_most


@pytest.mark.parametrize(("done", "total", "share"), [(0, 0, 0.0), (5, 0, 0.0), (9, 8, 1.0)])
def test_shares_stay_between_none_and_all(run: Run, done: int, total: int, share: float) -> None:
    with run.lock.acquire(timeout=1):
        tell(run, done, total)
        for step in range(1, 7):
            run.log.append(epoch(step))
        now = progress(run)
    assert now.step_fraction == share
    assert 0 <= now.fraction <= 1
    assert now.photos_per_second is None


def test_what_a_dead_worker_said_is_no_news(run: Run) -> None:
    tell(run, 30, 40, photos_per_second=12.5, eta_seconds=3.0)
    run.log.append(epoch(1))
    run.log.append(Died(exit_code=-9, message="Killed.", log_tail=""))
    for message in ("Killed.", "Next in line."):
        now = progress(run)
        assert (now.message, now.step_fraction, now.eta_seconds, now.photos_per_second) == (message, 0.0, None, None)
        assert now.fraction == 0.25
        if message == "Killed.":
            run.request_resume()
    run.log.append(Launched())
    assert progress(run).message.startswith("Getting ready")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (1e5, "27.8 h")],
)
def test_durations_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_what_takes_long_has_a_time_of_day() -> None:
    assert left(None) == left(0.0) == ""
    assert (left(61.0), left(61.0, True)) == ("about 61 s left", "at most 61 s left")
    assert re.fullmatch(r"about 20 min left, until \d\d:\d\d", left(1200.0))
