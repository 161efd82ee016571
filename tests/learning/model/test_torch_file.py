"""Old PyTorch files: strided tensors come out right, and nothing but the pinned content, made of tensors, is read."""

import hashlib
import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from transfer.learning.model.torch_file import read_tensors


class _Global:
    """Pickled as the name of something in a module that is not here."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Tensor:
    def __init__(self, key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.parts = (_Id(key), offset, shape, strides, False, OrderedDict())


class _Id:
    def __init__(self, key: str) -> None:
        self.key = key


class _Pickler(pickle._Pickler):  # the one written in Python, which can be taught to write a bare name
    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def persistent_id(self, thing: Any) -> Any:
        return (
            ("storage", _Global("torch", "FloatStorage"), thing.key, "cpu", 0, None) if isinstance(thing, _Id) else None
        )

    def save_global_name(self, thing: _Global) -> None:
        self.write(b"c" + f"{thing.module}\n{thing.name}\n".encode())

    def save_tensor(self, thing: _Tensor) -> None:
        self.save(_Global("torch._utils", "_rebuild_tensor_v2"))
        self.save(thing.parts)
        self.write(pickle.REDUCE)


_Pickler.dispatch[_Global] = _Pickler.save_global_name
_Pickler.dispatch[_Tensor] = _Pickler.save_tensor


def write(path: Path, content: Any, storages: dict[str, np.ndarray]) -> str:
    """A file as PyTorch 1.5 wrote it. Returns its SHA-256."""
    file = io.BytesIO()
    for each in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, content, list(storages)):
        _Pickler(file, 2).dump(each)
    for numbers in storages.values():
        file.write(len(numbers).to_bytes(8, "little") + numbers.astype("<f4").tobytes())
    path.write_bytes(file.getvalue())
    return hashlib.sha256(file.getvalue()).hexdigest()


def test_a_tensor_is_read_along_its_strides(tmp_path: Path) -> None:
    content = OrderedDict(
        turned=_Tensor("0", 0, (2, 3), (1, 2)), plain=_Tensor("0", 2, (2, 2), (2, 1)), one=_Tensor("1", 0, (), ())
    )
    digest = write(tmp_path / "a.pth", content, {"0": np.arange(6.0), "1": np.array([7.0])})
    found = read_tensors(tmp_path / "a.pth", digest)
    assert found["turned"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert found["plain"].tolist() == [[2, 3], [4, 5]]
    assert found["one"] == 7


@pytest.mark.parametrize("view", [(5, (2,), (1,)), (0, (2, 3), (6, 1)), (-1, (2,), (1,)), (0, (2,), (-1,))])
def test_a_tensor_outside_of_its_storage_is_refused(view: Any, tmp_path: Path) -> None:
    digest = write(tmp_path / "a.pth", OrderedDict(x=_Tensor("0", *view)), {"0": np.arange(6.0)})
    with pytest.raises(ValueError, match="outside"):
        read_tensors(tmp_path / "a.pth", digest)


def test_another_content_is_not_even_opened(tmp_path: Path) -> None:
    digest = write(tmp_path / "a.pth", OrderedDict(), {})
    (tmp_path / "a.pth").write_bytes((tmp_path / "a.pth").read_bytes() + b" ")
    with pytest.raises(ValueError, match="not the file that was published"):
        read_tensors(tmp_path / "a.pth", digest)


class _Runs:
    def __reduce__(self) -> Any:
        return os.mkdir, ("was run",)


def test_a_program_in_a_file_is_not_run_even_if_its_hash_were_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps(_Runs()))
    with pytest.raises(ValueError, match="mkdir"):
        read_tensors(path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert not (tmp_path / "was run").exists()
