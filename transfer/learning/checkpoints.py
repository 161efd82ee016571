"""Checkpoints: one file from which training goes on exactly, and one with the best weights so far.

Only what training can change is kept (the trainable variables of the phase and the optimizer's), because everything
else is built again from the run's config. A file is written beside its place and moved there, so that a process
killed at any moment leaves the previous one whole.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from transfer.learning.phases import State

SAVE = 1.0  # seconds of epochs that a crash may cost: what takes milliseconds is not written to disk each time


class Checkpoints:
    """The two checkpoints of one run, `last.npz` and `best.npz`.

    Epochs are told only once the checkpoint that contains them is on disk, so what has been told is never lost, and
    the best epoch that was told is always the one in `best.npz`.

    Args:
        folder: holds them.
        tell: takes the events of epochs; may be given the same ones again after a crash.

    Attributes:
        last, best: the files; there once an epoch was written.
    """

    def __init__(self, folder: Path, tell: Callable[[list[dict[str, Any]]], None]) -> None:
        self.last, self.best = folder / "last.npz", folder / "best.npz"
        self._tell = tell
        self._saved = -math.inf
        self._state: State | None = None
        self._held: dict[str, Sequence[np.ndarray]] = {}
        self._better: tuple[str, Sequence[np.ndarray]] | None = None

    def add(self, state: State, weights: Sequence[Any], optimizer: Sequence[Any], *, better: bool) -> None:
        """A whole epoch is over. Written at once when the last writing is `SAVE` seconds ago, or its phase is over.

        Args:
            state: as it is now.
            weights, optimizer: variables.
            better: whether this is the best epoch so far.
        """
        now = state.phase_over or time.monotonic() - self._saved >= SAVE
        # What is written now need not be copied: nobody changes it meanwhile.
        copied = (lambda value: value) if now else np.array
        self._state = state
        self._held = {
            "weights": [copied(value) for value in values(weights)],
            "optimizer": [copied(value) for value in values(optimizer)],
        }
        if better:
            self._better = state.phase, self._held["weights"]
        if now:
            self.write()

    def add_part(self, phase: str, weights: Sequence[Any]) -> None:
        """The best so far is an epoch that was stopped; nothing can go on from there."""
        self._better = phase, values(weights)

    def write(self) -> None:
        """Write what is not on disk yet, then tell it."""
        # The best epoch first: a checkpoint must never know of a better one than there is.
        if self._better is not None:
            self.write_best(*self._better)
        if self._state is not None:
            save(self.last, asdict(self._state), **self._held)
            self._tell(self._state.events)
            self._state.events = []
            self._saved = time.monotonic()
        self._state, self._held, self._better = None, {}, None

    def write_best(self, phase: str, weights: Sequence[np.ndarray]) -> None:
        """Make these values of a phase's variables the best there are."""
        save(self.best, {"phase": phase}, weights=weights)


def values(variables: Sequence[Any]) -> list[np.ndarray]:
    """What Keras variables hold now; maybe the memory of the variables itself, so not to be kept."""
    # `.value` is TensorFlow's own variable; asking Keras' wrapper makes NumPy warn.
    return [variable.value.numpy() for variable in variables]


def save(path: Path, state: dict[str, Any], **groups: Sequence[np.ndarray]) -> None:
    """Write the values of variables and a state atomically.

    Args:
        path: the file, `.npz`.
        state: anything JSON can hold.
        groups: named lists of values.
    """
    arrays = {f"{group}/{i}": value for group, held in groups.items() for i, value in enumerate(held)}
    arrays["state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_state(path: Path) -> dict[str, Any] | None:
    """The state of a checkpoint; None when there is no checkpoint."""
    if not path.is_file():
        return None
    with np.load(path) as arrays:
        state: dict[str, Any] = json.loads(arrays["state"].tobytes())
    return state


def restore(path: Path, **groups: Sequence[Any]) -> None:
    """Put saved values back into the variables of the named groups.

    Raises:
        ValueError: when the checkpoint was written for other variables.
    """
    with np.load(path) as arrays:
        for group, variables in groups.items():
            saved = [name for name in arrays.files if name.startswith(f"{group}/")]
            if len(saved) != len(variables):
                raise ValueError(f"{path.name} holds {len(saved)} variables for {group}, the network {len(variables)}")
            for index, variable in enumerate(variables):
                variable.assign(arrays[f"{group}/{index}"])
