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

from transfer.learning.training.phases import State
from transfer.messages.events import EarlyStopped, EpochEnded, Event

SAVE = 1.0  # seconds from one writing to the next at least: epochs of milliseconds are not written one by one

Values = list[np.ndarray]
Told = list[EpochEnded | EarlyStopped]


class Checkpoint:
    """What is kept of one training.

    Epochs are told only once the file that contains them is written, so what was told is never lost.

    Args:
        path: the file, `.npz`; read now when it is there.
        tell: takes the events of epochs; may be given the same ones again after a crash.

    Attributes:
        state: as it was found in the file; None when there was none.
        best: the weights of the best epoch so far, and the phase whose variables they are; None before the first epoch.

    Raises:
        ValueError: when the file is no checkpoint.
    """

    def __init__(self, path: Path, tell: Callable[[Told], None]) -> None:
        self.path = path
        self.state: State | None = None
        self.best: tuple[str, Values] | None = None
        self._tell = tell
        self._untold: Told = []
        self._held: dict[str, Values] = {}
        self._facts: dict[str, Any] = {}
        self._saved = -math.inf
        if path.is_file():
            with np.load(path) as arrays:
                found = json.loads(arrays["facts"].tobytes())
                self.best = found["best"], _group(arrays, "best")
            self.state = State(**found["state"])
            events = map(Event.from_dict, found["events"])
            self._untold = [event for event in events if isinstance(event, (EpochEnded, EarlyStopped))]

    def catch_up(self) -> None:
        """Tell what is written and may not have been told, because the process that wrote it died."""
        self._tell(self._untold)
        self._untold = []

    def add(
        self,
        state: State,
        events: Told,
        weights: Sequence[Any],
        optimizer: Sequence[Any],
        *,
        better: bool,
    ) -> None:
        """A whole epoch is over. Written at once when the last writing is `SAVE` seconds ago, or its phase is over.

        Args:
            state: as it is now.
            events: what the epoch has to tell.
            weights, optimizer: variables.
            better: whether this is the best epoch so far.
        """
        self._held = {}  # before the next ones are read: they may be large
        held = {"weights": values(weights), "optimizer": values(optimizer)}
        if better:
            self.best = state.phase, held["weights"]
        self._held, self._facts = held, {"state": asdict(state)}
        self._untold += events
        if state.phase_over or time.monotonic() - self._saved >= SAVE:
            self.write()

    def write(self) -> None:
        """Write what was added and is not on disk yet, then tell it."""
        if not self._held:
            return
        assert self.best is not None  # the first epoch was the best so far
        phase, best = self.best
        facts = {**self._facts, "best": phase, "events": [event.to_dict() for event in self._untold]}
        arrays = {
            f"{group}/{number}": value
            for group, held in {**self._held, "best": best}.items()
            for number, value in enumerate(held)
        }
        arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        temporary = self.path.with_name(f".{self.path.name}.writing")
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        self._held, self._saved = {}, time.monotonic()
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
