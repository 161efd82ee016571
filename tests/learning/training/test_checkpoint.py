"""The checkpoint: what goes in comes out, told only when it is written; a damaged write leaves the last one whole."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from transfer.learning.training import checkpoint
from transfer.learning.training.checkpoint import Checkpoint
from transfer.learning.training.phases import State


class Desk:
    """A checkpoint file with somebody who adds epochs: in epoch n all weights are n and the optimizer's values -n."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoint.npz"
        self.told: list[str] = []
        self.kept = Checkpoint(self.path, self.tell)
        self.weights, self.optimizer = variables(12), variables(2)

    def tell(self, events: list[dict[str, Any]]) -> None:
        self.told += [event["event"] for event in events]

    def epoch(self, number: int, *, better: bool, over: bool = False) -> None:
        fill(self.weights, number)
        fill(self.optimizer, -number)
        state = State(epoch=number, step=number, value=0.1 + 0.2, phase_over=over)
        self.kept.add(state, [{"event": f"epoch {number}"}], self.weights, self.optimizer, better=better)

    def found(self) -> tuple[State | None, float, float, float]:
        """What another process would find: the state, and what weights, optimizer and best weights are filled with."""
        other, weights, optimizer, best = Checkpoint(self.path, self.tell), variables(12), variables(2), variables(12)
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
    desk.epoch(1, better=True)
    state, *numbers = desk.found()
    assert state == State(epoch=1, step=1, value=0.1 + 0.2)
    assert numbers == [1, -1, 1]
    assert [path.name for path in desk.path.parent.iterdir()] == ["checkpoint.npz"]


def test_quick_epochs_are_written_and_told_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SAVE", math.inf)
    desk.kept._saved = 0
    desk.epoch(1, better=True)
    desk.epoch(2, better=True)
    desk.epoch(3, better=False)
    assert desk.told == [] and not desk.path.exists()
    fill(desk.weights, -1)  # an epoch that the run is stopped in
    desk.kept.write()
    assert desk.told == ["epoch 1", "epoch 2", "epoch 3"]
    state, *numbers = desk.found()
    assert state and state.epoch == 3
    assert numbers == [3, -3, 2]
    desk.epoch(4, better=False, over=True)  # a phase that is over does not wait
    assert desk.told[3:] == ["epoch 4"] and desk.found()[1:] == (4, -4, 2)


def test_what_was_written_but_not_told_is_told_by_the_next_process(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def die(events: list[dict[str, Any]]) -> None:
        raise KeyboardInterrupt

    desk.kept._tell = die
    with pytest.raises(KeyboardInterrupt):
        desk.epoch(1, better=True)
    Checkpoint(desk.path, desk.tell).catch_up()
    assert desk.told == ["epoch 1"]


def test_no_file_is_no_checkpoint(desk: Desk) -> None:
    assert desk.kept.state is None and desk.kept.best is None
    desk.kept.write()
    assert not desk.path.exists()


def test_a_checkpoint_of_other_variables_is_refused(desk: Desk) -> None:
    desk.epoch(1, better=True)
    with pytest.raises(ValueError, match="holds 12 variables"):
        desk.kept.restore(variables(13), variables(2))


def test_a_write_that_fails_leaves_the_one_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SAVE", 0)
    desk.epoch(1, better=True)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(checkpoint.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            desk.epoch(2, better=True)
    assert desk.told == ["epoch 1"] and desk.found()[1:] == (1, -1, 1)
    desk.kept.write()  # room again: nothing was lost
    assert desk.told == ["epoch 1", "epoch 2"] and desk.found()[1:] == (2, -2, 2)
