"""Checkpoints: what goes in comes out, and a damaged write leaves the last one whole."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.learning import checkpoints
from transfer.learning.phases import State


def variables(value: float, count: int = 12) -> list[keras.Variable]:
    return [keras.Variable(np.full((index + 1, 2), value + index, np.float32)) for index in range(count)]


def values(value: float, count: int = 12) -> list[np.ndarray]:
    return checkpoints.values(variables(value, count))


def test_variables_and_state_come_back(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "last.npz"
    checkpoints.save(file, {"epoch": 3, "value": 0.1 + 0.2}, weights=values(5), optimizer=values(-5, 2))
    weights, optimizer = variables(0), variables(0, 2)
    checkpoints.restore(file, weights=weights, optimizer=optimizer)
    assert checkpoints.read_state(file) == {"epoch": 3, "value": 0.1 + 0.2}
    for restored, saved in zip(weights + optimizer, variables(5) + variables(-5, 2), strict=True):
        assert np.array_equal(restored.value.numpy(), saved.value.numpy())
    assert [path.name for path in file.parent.iterdir()] == ["last.npz"]


def test_no_checkpoint_has_no_state(tmp_path: Path) -> None:
    assert checkpoints.read_state(tmp_path / "last.npz") is None


def test_a_checkpoint_of_other_variables_is_refused(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "last.npz", {}, weights=values(1, 3))
    with pytest.raises(ValueError, match="holds 3 variables"):
        checkpoints.restore(tmp_path / "last.npz", weights=variables(1, 4))


def test_a_write_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "last.npz"
    checkpoints.save(file, {"epoch": 1}, weights=values(1))
    with pytest.raises(TypeError):
        checkpoints.save(file, {"epoch": object()}, weights=values(2))
    (tmp_path / ".last.npz.writing").write_bytes(b"half of one")  # as a process killed while writing leaves it
    assert checkpoints.read_state(file) == {"epoch": 1}


def test_epochs_are_told_once_they_are_written_and_with_the_values_they_had(tmp_path: Path) -> None:
    told: list[str] = []
    kept = checkpoints.Checkpoints(tmp_path, lambda events: told.extend(event["event"] for event in events))
    state, weights, optimizer = State(), variables(0), variables(0, 2)

    def epoch(number: int, *, better: bool, over: bool = False) -> None:
        for variable in weights + optimizer:
            variable.assign(np.full(variable.shape, number, np.float32))
        state.epoch, state.phase_over = number, over
        state.events.append({"event": f"epoch {number}"})
        kept.add(state, weights, optimizer, better=better)

    epoch(1, better=True)
    assert told == ["epoch 1"]  # nobody waits for the first one
    epoch(2, better=True)
    epoch(3, better=False)
    for variable in weights:  # the epoch that the run is stopped in
        variable.assign(np.full(variable.shape, -1, np.float32))
    assert told == ["epoch 1"]
    on_disk = checkpoints.read_state(kept.last)
    assert on_disk is not None and on_disk["epoch"] == 1
    kept.write()
    assert told == ["epoch 1", "epoch 2", "epoch 3"]
    checkpoints.restore(kept.last, weights=weights)
    assert {float(variable.value.numpy().max()) for variable in weights} == {3.0}
    checkpoints.restore(kept.best, weights=weights)
    assert {float(variable.value.numpy().max()) for variable in weights} == {2.0}
    epoch(4, better=False, over=True)
    assert told[3:] == ["epoch 4"]
