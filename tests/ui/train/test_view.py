"""A run in every state as HTML, from real run directories; whatever names and messages hold, they are shown as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from tests.ui.conftest import HOSTILE, epoch, measured, read
from transfer.errors import ConfigError, DiskError, RunError, TrainingError
from transfer.messages.endings import Died, Failed, Finished, Interrupted, Paused, Stopped
from transfer.messages.events import Changed, EarlyStopped, Launched, Progressed, Skipped, Started
from transfer.runs.run import Run
from transfer.runs.status import State
from transfer.runs.summary import Summary
from transfer.ui.past_runs import table
from transfer.ui.shared.run_summary import STATES, charts, charts_version
from transfer.ui.train import outlook, view


@pytest.fixture
def run(new_run: Callable[..., Run]) -> Run:
    return new_run(classes=("cat", HOSTILE), name=HOSTILE, head_epochs=4, frozen_layers=9, fine_tune_epochs=4)


def going(run: Run, **numbers: Any) -> None:
    """The run as a worker that has just been launched leaves it after two rounds."""
    run.log.append(Started(device=HOSTILE, resumed_from=None))
    epoch(run, 1)
    epoch(run, 2)
    usual = {"done": 30, "total": 40, "photos_per_second": 1234.5, "eta_seconds": 61.0, "memory_mb": 2048.0}
    words = f"Learning {HOSTILE}"
    run.log.append(Progressed(stage="train", message=words, unit="photos", **{**usual, **numbers}))


def test_waiting(run: Run) -> None:
    page = read(view.state(run))
    assert "It begins as soon as this machine is free." in page.text
    assert " ".join(HOSTILE.split()) in page.text
    assert "waiting" in page.text
    assert charts(run) == view.log(run) == view.remarks(run) == ""


def test_two_wait(new_run: Callable[..., Run]) -> None:
    first, second = new_run(), new_run()
    (last,) = [run for run in (first, second) if run.status().place == 2]
    assert "Waiting: number 2 in line. One run trains at a time." in read(view.state(last)).text


def test_training(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        going(run)
        page = read(view.state(run))
        step, everything = page.having("aria-valuenow")
        assert step == "75" and 0 <= int(everything) < 100
        assert page.having("aria-label") == ["This step", "Everything"]
        for said in ("about 61 s left", "2 of 8 rounds · at most", "1,234", "2.0 GB", "alert(1)", "training"):
            assert said in page.text
        assert page.having("aria-live") == ["polite"]
        run.request_stop()
        assert "Stopping: the best state so far is kept" in read(view.state(run)).text


def test_training_that_measured_nothing_yet(run: Run) -> None:
    run.log.append(Launched())
    page = read(view.state(run))
    assert "Getting ready" in page.text
    assert page.having("aria-valuenow") == ["0", "0"]
    assert "memory" not in page.text and page.text.endswith("minute on an idle machine"), "from the first second on"
    going_again = {"done": 0, "total": 0, "photos_per_second": None, "eta_seconds": None, "memory_mb": None}
    with run.lock.acquire(timeout=1):
        going(run, **going_again)
        html = view.state(run)
    assert "None" not in html
    assert "nan" not in read(html).text


def test_interrupted(run: Run) -> None:
    going(run)
    run.worker_log.write_text(f"line 1\n{HOSTILE}\n")
    run.log.append(Died(exit_code=-9, message=f"Killed {HOSTILE}", log_tail="tail"))
    page = read(view.state(run))
    assert "Press Resume to go on from the last finished round." in page.text
    assert "Killed <img" in page.text
    assert " ".join(HOSTILE.split()) in read(view.log(run)).text
    run.worker_log.unlink()
    assert "tail" in read(view.log(run)).text
    run.request_resume()
    assert "It begins as soon as" in read(view.state(run)).text


def test_interrupted_by_what_it_could_tell(run: Run) -> None:
    error = DiskError(f"The disk is full {HOSTILE}", expected="9 MB free", found="0.1 MB free", fix="Make room.")
    run.log.append(Interrupted.of(error))
    page = read(view.state(run))
    assert page.text.count("alert(1)") == 2, "in the name, and in what happened"
    assert all(answer in page.text for answer in ("interrupted", "9 MB free", "0.1 MB free", "Make room."))


def test_failed(run: Run) -> None:
    error = TrainingError(f"No. {HOSTILE}", expected="a < b", found="line\nbreak", fix=HOSTILE)
    run.log.append(Failed(error=error.to_dict()))
    page = read(view.state(run))
    assert page.text.count("alert(1)") == 3, "in the name, in what happened and in what to do"
    assert "a < b" in page.text
    assert "alert" in page.having("role")
    assert view.log(run) == "", "there is no log to show"


def test_finished(run: Run) -> None:
    run.log.append(Finished())
    assert "No photos were left to test it with." in read(view.state(run)).text
    measured(run, baseline_class=HOSTILE)
    page = read(view.state(run))
    assert "It is right on 50% of the 8 test photos; always guessing “<img" in page.text
    assert "Finished." in page.text


def test_stopped(run: Run) -> None:
    run.log.append(Stopped(message=f"Too early {HOSTILE}"))
    assert "Too early <img" in read(view.state(run)).text
    measured(run)
    assert "The best state so far was kept. It is right on" in read(view.state(run)).text


def test_curves_leave_room_only_while_it_trains(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        going(run)
        alive = read(charts(run)).text
    run.log.append(Finished())
    over = read(charts(run)).text
    axis = re.compile(r"((?:\d+ )+)round \(epoch\)")
    longest, shortest = (axis.search(text) for text in (alive, over))
    assert longest is not None
    assert shortest is not None
    assert longest.group(1).split()[-1] == "8"
    assert shortest.group(1).split()[-1] == "2"


def test_curves_are_drawn_anew_only_where_they_are_others(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        going(run)
        seen = charts_version(run)
        run.log.append(Progressed(stage="train", message="Learning", done=31, total=40))
        assert charts_version(run) == seen
        epoch(run, 3)
        assert charts_version(run) != seen


def test_trying_for_long_is_said_in_words() -> None:
    assert "about 10 s left" in read(outlook.tried_for(20)).text
    assert "45 s so far" in read(outlook.tried_for(45)).text


def test_changed_and_paused(run: Run) -> None:
    with run.lock.acquire(timeout=1):
        going(run)
        run.request_change({"head_epochs": "3", "fine_tune_learning_rate": 1e-4, "frozen_layers": 9})
        assert [each.settings for each in run.pending_changes()] == [
            {"head_epochs": 3, "fine_tune_learning_rate": 1e-4}
        ]
        before = {"head_epochs": 4, "fine_tune_learning_rate": HOSTILE}
        (asked,) = run.pending_changes()
        assert "Asked for; it comes with the next round.Rounds for the new" in read(view.remarks(run)).text
        run.log.append(Changed(step=3, settings=asked.settings, before=before, asked=asked.time))
        run.log.append(Changed(step=1, settings={"head_epochs": HOSTILE}))  # somebody damaged the log
        assert not run.pending_changes()
        assert "2 of 7 rounds" in read(view.state(run)).text
        shown = read(charts(run))
        for said in ("rounds 4 → 3", "rate (fine-tuning) ? → 0.0001"):
            assert said in shown.text
        assert (
            "From round 3 on: Rounds for the new layers (head epochs) 3 (before: 4); " in read(view.remarks(run)).text
        )
        with pytest.raises(ConfigError, match="Nothing was changed"):
            run.request_change({"head_epochs": 3})
        assert "data-pause" in table.listing([Summary.of(run)], "")
        run.request_pause()
        assert "Pausing" in read(view.state(run)).text
        run.mailbox.clear()
        run.log.append(Progressed(stage="refine", message="Looking", done=0, total=1))
        assert "data-pause" not in table.listing([Summary.of(run)], "")
        with pytest.raises(RunError, match="cannot be paused"):
            run.request_pause()
        assert run.status().state == "running", "the pause that was asked for came too late"
    run.log.append(Paused(message="Paused by you after round 2."))
    assert "Press Go on" in read(view.state(run)).text
    with pytest.raises(RunError, match="cannot be paused"):
        run.request_pause()
    run.log.append(Finished())
    with pytest.raises(RunError, match="cannot be changed any more"):
        run.request_change({"head_epochs": 5})


def test_remarks_on_the_way(run: Run) -> None:
    for number in range(11):
        run.log.append(Skipped(path=f"{number} {HOSTILE}", reason="is <gone>"))
    run.log.append(EarlyStopped(phase="fine_tune", epoch=7, best_epoch=2))
    page = read(view.remarks(run))
    assert "11 photos could no longer be read." in page.text
    assert "is <gone>; and 3 more" in page.text
    assert page.text.count("alert(1)") == 8
    assert "Round 7 of fine-tuning: no improvement on validation photos since round 2" in page.text
    epoch(run, 1, loss=None, accuracy=None, val_loss=None, val_accuracy=None)
    read(view.remarks(run))


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_has_a_word(state: str) -> None:
    assert STATES[state]
