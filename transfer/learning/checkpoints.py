"""Checkpoints: one file from which training goes on exactly, and one with the best weights so far.

Only what training can change is kept (the trainable variables of the phase and the optimizer's), because everything
else is built again from the run's config. A file is written beside its place and moved there, so that a process
killed at any moment leaves the previous one whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


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
