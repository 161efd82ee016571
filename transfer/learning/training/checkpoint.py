"""Checkpoint: the one file from which training goes on exactly, the best weights so far included.

Only what training can change is kept (the trainable variables of the phase and the optimizer's), because everything
else is built again from the run's config. It is one file, because a crash between two would leave best weights that
belong to another state; it is written beside its place and moved there, so that a process killed at any moment leaves
the previous one whole.
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

from transfer.learning.training.state import TrainingState
from transfer.messages.events import EarlyStopped, EpochEnded, Event
from transfer.runs.leftovers import hidden

INTERVAL = 1.0  # seconds from one writing to the next at least: epochs of milliseconds are not written one by one

Values = list[np.ndarray]
EpochEvents = list[EpochEnded | EarlyStopped]


class Checkpoint:
    """What is kept of one training.

    Epochs are logged only once the file that contains them is written, so what was logged is never lost.

    Args:
        path: the file, `.npz`; read now when it is there.
        log: takes the events of epochs; may be given the same ones again after a crash.

    Attributes:
        state: as it was found in the file; None when there was none.
        best: the weights of the best epoch so far, and the phase whose variables they are; None before the first epoch.

    Raises:
        ValueError: when the file is no checkpoint.
    """

    def __init__(self, path: Path, log: Callable[[EpochEvents], None]) -> None:
        self.path = path
        self.state: TrainingState | None = None
        self.best: tuple[str, Values] | None = None
        self.log = log
        self._unlogged: EpochEvents = []
        self._snapshot: dict[str, Values] = {}
        self._facts: dict[str, Any] = {}
        self._written = -math.inf
        if path.is_file():
            with np.load(path) as arrays:
                found = json.loads(arrays["facts"].tobytes())
                self.best = found["best"], _group(arrays, "best")
            self.state = TrainingState.from_dict(found["state"])
            events = map(Event.from_dict, found["events"])
            self._unlogged = [event for event in events if isinstance(event, (EpochEnded, EarlyStopped))]

    def catch_up(self) -> None:
        """Log what is written and may not have been logged, because the process that wrote it died."""
        self.log(self._unlogged)
        self._unlogged = []

    def add(
        self,
        state: TrainingState,
        events: EpochEvents,
        weights: Sequence[Any],
        optimizer: Sequence[Any],
        *,
        best: bool,
    ) -> None:
        """A whole epoch is over. Written at once when the last writing is `INTERVAL` seconds ago, or its phase is over.

        Args:
            state: as it is now.
            events: what the log is to be told of it.
            weights, optimizer: variables.
            best: whether this is the best epoch so far.
        """
        self._snapshot = {}  # before the next ones are read: they may be large
        snapshot = {"weights": values(weights), "optimizer": values(optimizer)}
        if best:
            self.best = state.phase, snapshot["weights"]
        self._snapshot, self._facts = snapshot, {"state": asdict(state)}
        self._unlogged += events
        if state.phase_over or time.monotonic() - self._written >= INTERVAL:
            self.write()

    def write(self) -> None:
        """Write what was added and is not on disk yet, then log it."""
        if not self._snapshot:
            return
        assert self.best is not None  # the first epoch was the best so far
        phase, best_weights = self.best
        facts = {**self._facts, "best": phase, "events": [event.to_dict() for event in self._unlogged]}
        arrays = {
            f"{group}/{number}": value
            for group, of_group in {**self._snapshot, "best": best_weights}.items()
            for number, value in enumerate(of_group)
        }
        arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        temporary = hidden(self.path)
        try:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        finally:  # of a full disk what is left is needed to say so
            temporary.unlink(missing_ok=True)
        self._snapshot, self._written = {}, time.monotonic()
        self.catch_up()

    def restore(self, weights: Sequence[Any], optimizer: Sequence[Any]) -> None:
        """Put what is in the file back into variables.

        Raises:
            ValueError: when it was written for other variables.
        """
        with np.load(self.path) as arrays:
            for group, variables in (("weights", weights), ("optimizer", optimizer)):
                assign(variables, _group(arrays, group))


def values(variables: Sequence[Any]) -> Values:
    """Copies of what Keras variables hold now."""
    # `.value` is TensorFlow's own variable; asking Keras' wrapper makes NumPy warn.
    return [variable.value.numpy() for variable in variables]


def assign(variables: Sequence[Any], held: Values) -> None:
    """Give Keras variables the values that variables like them had.

    Raises:
        ValueError: when there are not as many.
    """
    if len(held) != len(variables):
        raise ValueError(f"the checkpoint holds {len(held)} variables, the network has {len(variables)}")
    for variable, value in zip(variables, held, strict=True):
        variable.assign(value)


def _group(arrays: Any, group: str) -> Values:
    count = sum(name.startswith(f"{group}/") for name in arrays.files)
    return [arrays[f"{group}/{number}"] for number in range(count)]
