"""The checkpoint: what goes in comes out, logged only when it is written; a damaged write leaves the last one whole."""

from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.learning.training import checkpoint
from transfer.learning.training.checkpoint import Checkpoint
from transfer.learning.training.state import TrainingState
from transfer.messages.events import EarlyStopped, EpochEnded


class Desk:
    """A checkpoint file with somebody who adds epochs: in epoch n all weights are n and the optimizer's values -n."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoint.npz"
        self.logged: list[int] = []
        self.kept = Checkpoint(self.path, self.log)
        self.weights, self.optimizer = variables(12), variables(2)

    def log(self, events: list[EpochEnded | EarlyStopped]) -> None:
        self.logged += [event.epoch for event in events]

    def epoch(self, number: int, *, best: bool, over: bool = False) -> None:
        fill(self.weights, number)
        fill(self.optimizer, -number)
        state = TrainingState(epoch=number, step=number, best_loss=0.1 + 0.2, phase_over=over)
        ended = EpochEnded(phase="head", epoch=number, step=number, loss=1.0, accuracy=0.5)
        self.kept.add(state, [ended], self.weights, self.optimizer, best=best)

    def found(self) -> tuple[TrainingState | None, float, float, float]:
        """What another process would find: the state, and what weights, optimizer and best weights are filled with."""
        other, weights, optimizer, best = Checkpoint(self.path, self.log), variables(12), variables(2), variables(12)
        other.restore(weights, optimizer)
        assert other.best is not None and other.best[0] == "head"
        checkpoint.assign(best, other.best[1])
        return other.state, filled(weights), filled(optimizer), filled(best)


def variables(count: int) -> list[keras.Variable]:
    return [keras.Variable(np.zeros((index + 1, 2), np.float32)) for index in range(count)]


def fill(these: list[keras.Variable], number: float) -> None:
    for index, variable in enumerate(these):
        variable.assign(np.full(variable.shape, number + index / 100, np.float32))


def filled(these: list[keras.Variable]) -> float:
    first = float(these[0].value.numpy()[0, 0])
    for index, variable in enumerate(these):
        assert np.array_equal(variable.value.numpy(), np.full(variable.shape, first + index / 100, np.float32))
    return first


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_epoch_comes_back(desk: Desk) -> None:
    desk.epoch(1, best=True)
    state, *numbers = desk.found()
    assert state == TrainingState(epoch=1, step=1, best_loss=0.1 + 0.2)
    assert numbers == [1, -1, 1]
    assert [path.name for path in desk.path.parent.iterdir()] == ["checkpoint.npz"]


def test_quick_epochs_are_written_and_logged_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", math.inf)
    desk.kept._written = 0
    desk.epoch(1, best=True)
    desk.epoch(2, best=True)
    desk.epoch(3, best=False)
    assert desk.logged == [] and not desk.path.exists()
    fill(desk.weights, -1)  # an epoch that the run is stopped in
    desk.kept.write()
    assert desk.logged == [1, 2, 3]
    state, *numbers = desk.found()
    assert state and state.epoch == 3
    assert numbers == [3, -3, 2]
    desk.epoch(4, best=False, over=True)  # a phase that is over does not wait
    assert desk.logged[3:] == [4] and desk.found()[1:] == (4, -4, 2)


def test_what_was_written_but_not_logged_is_logged_by_the_next_process(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def die(events: list[EpochEnded | EarlyStopped]) -> None:
        raise KeyboardInterrupt

    desk.kept.log = die
    with pytest.raises(KeyboardInterrupt):
        desk.epoch(1, best=True)
    Checkpoint(desk.path, desk.log).catch_up()
    assert desk.logged == [1]


def test_no_file_is_no_checkpoint(desk: Desk) -> None:
    assert desk.kept.state is None and desk.kept.best is None
    desk.kept.write()
    assert not desk.path.exists()


def test_a_checkpoint_of_other_variables_is_refused(desk: Desk) -> None:
    desk.epoch(1, best=True)
    with pytest.raises(ValueError, match="holds 12 variables"):
        desk.kept.restore(variables(13), variables(2))


def test_a_write_that_fails_leaves_the_one_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", 0)
    desk.epoch(1, best=True)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(checkpoint.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            desk.epoch(2, best=True)
    assert desk.logged == [1] and desk.found()[1:] == (1, -1, 1)
    desk.kept.write()  # room again: nothing was lost
    assert desk.logged == [1, 2] and desk.found()[1:] == (2, -2, 2)
