"""How far a run is, in every state it can be in."""

import pytest

from transfer.messages.endings import Died, Finished, Stopped
from transfer.messages.events import Event, Launched, PhaseBegun, Progressed, Started
from transfer.runs.progress import duration, progress
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
    assert (now.message, now.fraction, now.step_fraction) == ("Next in line.", 0.0, 0.0)
    assert (now.epochs_done, now.epochs_total) == (0, 4)


def test_a_run_that_gets_ready(run: Run) -> None:
    run.log.append(Launched())
    assert progress(run).message == "Getting ready: loading TensorFlow and the network."


def test_a_run_in_training(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        run.log.append(Started(device="CPU", resumed_from=None))
        run.log.append(PhaseBegun(phase="head", epochs=3, learning_rate=0.1, trainable_parameters=9, photos=40))
        assert progress(run).message == "Training."
        tell(run, 30, 40, photos_per_second=12.5, eta_seconds=3.0, memory_mb=400.0)
        run.log.append(epoch(1))
        run.log.append(epoch(2, partial=True))
        now = progress(run)
    assert (now.message, now.step_fraction) == ("Learning.", 0.75)
    assert (now.epochs_done, now.fraction) == (1, 0.25), "half a round does not count"
    assert (now.photos_per_second, now.eta_seconds, now.memory_mb) == (12.5, 3.0, 400.0)


@pytest.mark.parametrize(("done", "total", "share"), [(0, 0, 0.0), (5, 0, 0.0), (9, 8, 1.0)])
def test_shares_stay_between_none_and_all(run: Run, done: int, total: int, share: float) -> None:
    with run.lock.acquire(timeout=1):
        tell(run, done, total)
        for step in range(1, 7):
            run.log.append(epoch(step))
        now = progress(run)
    assert now.step_fraction == share
    assert now.fraction == 1.0
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


@pytest.mark.parametrize("last", [Finished(), Stopped(message="Enough.")])
def test_a_run_that_is_over(run: Run, last: Event) -> None:
    tell(run, 1, 1)
    run.log.append(epoch(2))
    run.log.append(last)
    assert progress(run).message == run.status().message
    assert progress(run).fraction == 0.5, "early stopping ended it before its time"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (1e5, "27.8 h")],
)
def test_durations_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
