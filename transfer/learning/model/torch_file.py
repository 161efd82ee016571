"""Tensors out of PyTorch's file format of before 1.6, without PyTorch, and without trusting the file.

Such a file is a row of pickles (a magic number, a version, facts about the machine, then the object, in which each
tensor names its storage by a persistent id), a pickled list of storage keys, and for each key a 64-bit count and the
raw numbers. A pickle can run programs, so only files whose SHA-256 is pinned are opened, and through an unpickler that
knows dictionaries and tensors and nothing else. Source: `torch.serialization._legacy_save` of PyTorch 1.5.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass
class _Storage:
    """A flat row of numbers that tensors are views of; filled in after the object was read."""

    dtype: np.dtype[Any]
    numbers: np.ndarray | None = None


@dataclass(frozen=True)
class _View:
    """A tensor: where in its storage it begins, its shape, and how many numbers apart its neighbours are."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        # The strides are part of the data: the tensors of these files do not lie in the order of their shape.
        numbers = self.storage.numbers
        last = self.offset + sum((side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True))
        if numbers is None or self.offset < 0 or min(self.strides, default=0) < 0 or last >= len(numbers):
            raise ValueError("a tensor lies outside of its storage")
        step = numbers.itemsize
        strides = tuple(stride * step for stride in self.strides)
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides).copy()


def read_tensors(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """The tensors of a file by name.

    Args:
        path: the `.pth` file.
        sha256: of the only content that is accepted, in hexadecimal.

    Raises:
        OSError: when the file cannot be read.
        ValueError: when it has another content, or is not what its content should be.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"{path.name} is not the file that was published: its SHA-256 is {found}")
    try:
        return _tensors(io.BytesIO(content), path.name)
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError) as trouble:
        raise ValueError(f"{path.name} cannot be read: {trouble}") from trouble


def _tensors(file: io.BytesIO, name: str) -> dict[str, np.ndarray]:
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError(f"{name} is not a PyTorch file of before version 1.6")
    for _ in ("version", "machine"):
        _Unpickler(file).load()
    reader = _Unpickler(file)
    views = reader.load()
    for key in _Unpickler(file).load():
        storage = reader.storages[key]
        count = int.from_bytes(file.read(8), "little")
        storage.numbers = np.frombuffer(file.read(count * storage.dtype.itemsize), storage.dtype, count)
    return {name: view.array() for name, view in views.items()}


class _Unpickler(pickle.Unpickler):
    """Builds dictionaries and views; whatever else a pickle asks for is refused."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _view,
            **{("torch", kind): kind for kind in _TYPES},
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which no weights need")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, _, _, view = pid
        if view is not None:
            raise pickle.UnpicklingError("a storage that is a view of another one is not expected")
        return self.storages.setdefault(key, _Storage(_TYPES[kind]))


def _view(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _View:
    return _View(storage, offset, shape, strides)
