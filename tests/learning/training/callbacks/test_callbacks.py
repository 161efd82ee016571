"""Callbacks, each alone: what it does at its points of a training, without a network."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.errors import TrainingError
from transfer.learning.inbox import Inbox
from transfer.learning.training.callbacks import terminate_on_nan
from transfer.learning.training.callbacks.best_weights import BestWeights
from transfer.learning.training.callbacks.callback import Callback, CallbackList
from transfer.learning.training.callbacks.checkpointing import Checkpointing
from transfer.learning.training.callbacks.early_stopping import EarlyStopping
from transfer.learning.training.callbacks.event_logging import EventLogging
from transfer.learning.training.callbacks.learning_rate import LearningRateSchedule
from transfer.learning.training.callbacks.stop import StopOnRequest
from transfer.learning.training.callbacks.terminate_on_nan import TerminateOnNaN
from transfer.learning.training.checkpoint import Checkpoint, values
from transfer.learning.training.data import EpochData, PhaseData
from transfer.learning.training.epoch import Block, EpochResult
from transfer.learning.training.optimizer import learning_rate, optimizer
from transfer.learning.training.phases import Phase
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.state import TrainingState
from transfer.learning.training.steps import Score, Tally
from transfer.messages.events import EarlyStopped, EpochEnded, PhaseBegun
from transfer.messages.requests import Pause, Stop
from transfer.runs.event_log import EventLog
from transfer.runs.history import history
from transfer.runs.mailbox import Mailbox


class TwentyPhotos:
    """A source of five batches, which nobody asks for any."""

    photos, batch_size = 20, 4

    def batches(self, key: Any = None) -> Any:
        raise AssertionError("nothing is trained here")


@pytest.fixture
def session() -> PhaseSession:
    phase = Phase("head", 0, epochs=10, learning_rate=0.1, patience=2, description="the new layers learn")
    variables = [keras.Variable(np.zeros((3, 2), np.float32)), keras.Variable(np.zeros(2, np.float32))]
    made = optimizer(RunConfig(), 0.1, 50)
    made.build(variables)
    data = PhaseData(EpochData(TwentyPhotos(), lambda inputs: inputs), None)
    return PhaseSession(phase, TrainingState(), data, variables, made)


def end_epoch(
    session: PhaseSession, *callbacks: Callback, loss: float, validation: float | None = None, complete: bool = True
) -> EpochResult:
    """What the loop does when an epoch ends."""
    scores = Score(loss, 0.5, 20), Score(validation, 0.5, 4) if validation is not None else None
    result = EpochResult(session.epoch, session.state.step + 1, *scores, complete, 1.0, 20.0)
    if complete:
        session.state.epoch += 1
        session.state.step += 1
        session.state.phase_over = session.state.epoch >= session.phase.epochs
    CallbackList(callbacks).on_epoch_end(session, result)
    return result


def turn(session: PhaseSession, **changed: Any) -> None:
    """What follows from a request."""
    session.turn_to(dataclasses.replace(session.phase, **changed))


def test_early_stopping_waits_for_as_long_as_its_patience(session: PhaseSession) -> None:
    stopping = EarlyStopping()
    for validation in (0.9, 0.5, 0.6):
        assert end_epoch(session, stopping, loss=0.1, validation=validation).events == []
    turn(session, patience=3)
    assert end_epoch(session, stopping, loss=0.1, validation=0.7).events == []
    assert not session.state.phase_over
    result = end_epoch(session, stopping, loss=0.1, validation=0.5)  # as good is not better
    assert result.events == [EarlyStopped(phase="head", epoch=5, best_epoch=2)]
    assert session.state.phase_over


def test_without_patience_nothing_stops_early(session: PhaseSession) -> None:
    turn(session, patience=0)
    for _ in range(9):
        assert end_epoch(session, EarlyStopping(), loss=1.0).events == []
    assert not session.state.phase_over


def test_an_epoch_that_was_broken_off_counts_for_nothing(session: PhaseSession) -> None:
    end_epoch(session, EarlyStopping(), loss=0.5)
    before = dataclasses.replace(session.state)
    assert end_epoch(session, EarlyStopping(), loss=0.9, complete=False).events == []
    assert session.state == before


def test_the_best_epoch_is_that_of_the_lowest_loss(session: PhaseSession, tmp_path: Path) -> None:
    best = BestWeights(None, Checkpoint(tmp_path / "checkpoint.npz", lambda events: None))  # type: ignore[arg-type]
    found = [end_epoch(session, best, loss=1.0, validation=loss).best for loss in (0.8, 0.9, 0.7, 0.7)]
    assert found == [True, False, True, False]
    assert session.state.best_loss == 0.7
    # Without validation photos the training loss decides; a broken-off epoch is never better than a whole one.
    assert end_epoch(session, best, loss=0.6).best
    assert not end_epoch(session, best, loss=0.1, complete=False).best
    assert session.state.best_loss == 0.6


def test_stopped_within_the_first_epoch_its_weights_are_better_than_nothing(
    session: PhaseSession, tmp_path: Path
) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", lambda events: None)
    best = BestWeights(None, checkpoint)  # type: ignore[arg-type]
    assert best.phase is None
    session.variables[1].assign([1.0, 2.0])
    assert end_epoch(session, best, loss=0.4, complete=False).best
    assert best.phase and checkpoint.best is not None
    assert checkpoint.best[0] == "head" and checkpoint.best[1][1].tolist() == [1.0, 2.0]
    assert session.state.best_loss is None


def test_a_phase_begins_with_the_best_weights_of_the_one_before(session: PhaseSession, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", lambda events: None)
    for variable in session.variables:
        variable.assign(variable + 3.0)
    checkpoint.best = "head", values(session.variables)
    for variable in session.variables:
        variable.assign(variable + 1.0)

    class Known:
        def variables(self, phase: str) -> Any:
            assert phase == "head"
            return session.variables

    tuning = dataclasses.replace(session, phase=dataclasses.replace(session.phase, name="fine_tune", index=1))
    BestWeights(Known(), checkpoint).on_phase_begin(tuning)  # type: ignore[arg-type]
    assert session.variables[1].value.numpy().tolist() == [3.0, 3.0]
    assert checkpoint.best[0] == "fine_tune"


def test_what_is_told_is_in_the_checkpoint_first_and_told_once(session: PhaseSession, tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    logging = EventLogging(log)
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", logging.write)
    best = BestWeights(None, checkpoint)  # type: ignore[arg-type]
    chain = CallbackList([best, logging, EarlyStopping(), Checkpointing(checkpoint)])
    chain.on_train_begin()
    for _ in range(2):
        chain.on_phase_begin(session)
    assert [(begun.photos, begun.trainable_parameters) for begun in log.all(PhaseBegun)] == [(20, 8)]
    end_epoch(session, chain, loss=0.5, validation=0.4)
    end_epoch(session, chain, loss=0.4, validation=0.5)  # within a second: kept, not written
    assert [ended.epoch for ended in log.all(EpochEnded)] == [1]
    end_epoch(session, chain, loss=0.3, validation=0.5)
    assert session.state.phase_over  # a phase that is over is written at once
    assert [(e.epoch, e.best, e.val_loss) for e in log.all(EpochEnded)] == [
        (1, True, 0.4),
        (2, False, 0.5),
        (3, False, 0.5),
    ]
    assert log.last() == dataclasses.replace(EarlyStopped(phase="head", epoch=3, best_epoch=1), time=log.last().time)  # type: ignore[union-attr]
    size = log.size()
    again = Checkpoint(tmp_path / "checkpoint.npz", logging.write)
    told = log.all(EpochEnded)
    again._unlogged = [dataclasses.replace(told[-1], seconds=99.0)]
    Checkpointing(again).on_train_begin()
    assert log.size() == size and again.state == session.state
    logging.write([dataclasses.replace(told[1], loss=0.6)])  # repeated from an older checkpoint, in smaller batches
    assert history(log.all(EpochEnded))["loss"].tolist() == [0.5, 0.6]


def test_a_broken_off_epoch_is_told_and_not_gone_on_from(session: PhaseSession, tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    logging = EventLogging(log)
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", logging.write)
    checkpoint._written = math.inf
    chain = CallbackList([BestWeights(None, checkpoint), logging, Checkpointing(checkpoint)])  # type: ignore[arg-type]
    end_epoch(session, chain, loss=0.5, validation=0.4)
    assert log.read() == []
    end_epoch(session, chain, loss=0.2, validation=0.1, complete=False)
    told = log.all(EpochEnded)
    assert [(e.epoch, e.partial, e.best, e.val_loss) for e in told] == [(1, False, True, 0.4), (2, True, False, None)]
    found = Checkpoint(tmp_path / "checkpoint.npz", logging.write)
    assert found.state is not None and found.state.epoch == 1


def test_a_phase_with_no_more_epochs_than_done_is_over(session: PhaseSession) -> None:
    end_epoch(session, loss=0.5)
    turn(session, epochs=1)
    assert session.state.phase_over
    turn(session, epochs=2)
    assert not session.state.phase_over


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_learning_rate_follows_the_phase(session: PhaseSession, schedule: str) -> None:
    session.optimizer = optimizer(RunConfig(schedule=schedule), 0.1, 50)
    session.optimizer.build(session.variables)
    following = LearningRateSchedule()
    following.on_epoch_begin(session)
    assert learning_rate(session.optimizer) == pytest.approx(0.1)
    session.optimizer.iterations.assign(25)  # half of it
    assert learning_rate(session.optimizer) == pytest.approx(0.1 if schedule == "constant" else 0.05)
    turn(session, learning_rate=0.02, epochs=5)
    following.on_epoch_begin(session)
    assert learning_rate(session.optimizer) == pytest.approx(0.02 if schedule == "constant" else 0.0, abs=1e-8)
    session.optimizer.iterations.assign(0)  # as of a new one, when other layers are frozen
    session.since = 2
    turn(session, epochs=4)
    following.on_epoch_begin(session)
    assert learning_rate(session.optimizer) == pytest.approx(0.02 if schedule == "constant" else 0.01)


def test_a_stop_is_seen_between_two_steps(
    session: PhaseSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfer.learning.inbox.LOOK", 0.0)
    mailbox = Mailbox(tmp_path / "requests.jsonl")
    stop = StopOnRequest(Inbox(mailbox))
    stop.on_epoch_begin(session)
    stop.on_steps_end(session, Block(1, 4, Tally()))
    assert not session.stopping
    mailbox.send(Stop())
    stop.on_steps_end(session, Block(1, 4, Tally()))
    assert session.stopping


@pytest.mark.parametrize(("seconds", "at_once"), [(0.0, True), (1.0, False), (300.0, True)])
def test_a_pause_waits_for_the_end_of_an_epoch_that_is_not_far(
    session: PhaseSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, at_once: bool
) -> None:
    monkeypatch.setattr("transfer.learning.inbox.LOOK", 0.0)
    mailbox = Mailbox(tmp_path / "requests.jsonl")
    stop = StopOnRequest(Inbox(mailbox))
    if seconds:
        stop.on_epoch_end(session, EpochResult(1, 1, Score(0.5, 0.5, 20), None, True, seconds, 20.0))
    stop.on_epoch_begin(session)
    mailbox.send(Pause())
    stop.on_steps_end(session, Block(1, 4, Tally()))
    assert session.stopping == at_once
    stop.on_epoch_end(session, EpochResult(2, 2, Score(0.5, 0.5, 20), None, True, seconds, 20.0))
    assert session.stopping


def test_a_loss_that_is_no_number_ends_training(session: PhaseSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminate_on_nan, "LOOK", 0.0)
    terminate, tally = TerminateOnNaN(), Tally()
    terminate.on_steps_end(session, Block(1, 0, tally))  # not one photo so far
    tally.add(np.array([2.0, 1.0, 4.0], np.float32))
    terminate.on_steps_end(session, Block(1, 4, tally))
    tally.add(np.array([math.nan, 0.0, 4.0], np.float32))
    with pytest.raises(TrainingError, match=r"NaN .* in round 1") as caught:
        terminate.on_steps_end(session, Block(1, 4, tally))
    assert "0.1 (head_learning_rate)" in caught.value.found and "0.01 or 0.001" in caught.value.fix
    with pytest.raises(TrainingError, match="infinite in round 1"):
        end_epoch(session, terminate, loss=0.5, validation=math.inf)
