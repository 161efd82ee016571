"""Files that end in .keras, written byte by byte: a harmless one, and those that would do harm or make no sense."""

from __future__ import annotations

import copy
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py


def hdf5(write: Callable[[h5py.File], object] = lambda file: file.create_dataset("vars/0", data=[1.0])) -> bytes:
    """An HDF5 file with what is written into it."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write(file)
    return content.getvalue()


HDF5 = hdf5()


def layer(kind: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    """One layer, as Keras writes it."""
    return {"module": module, "class_name": kind, "config": {"name": kind.lower(), **config}, "registered_name": None}


def function(name: str, module: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def network(*more: Any, **fields: Any) -> dict[str, Any]:
    """A small network with further layers."""
    layers = [layer("InputLayer", batch_shape=[None, 8, 8, 3]), layer("Conv2D", filters=2, kernel_size=[3, 3]), *more]
    return {
        "module": "keras", "class_name": "Sequential", "registered_name": None,
        "config": {"name": "mine", "layers": layers}, **fields,
    }  # fmt: skip


def keras_archive(
    path: Path, config: Any = None, members: Mapping[str, bytes] | None = None, without: str = "", **packing: Any
) -> Path:
    """Write a file with this `config.json` and further members."""
    text = config if isinstance(config, bytes) else json.dumps(network() if config is None else config).encode()
    whole = {"metadata.json": b"{}", "config.json": text, "model.weights.h5": HDF5, **(members or {})}
    with zipfile.ZipFile(path, "w", **packing) as archive:
        for name, content in whole.items():
            if name != without:
                archive.writestr(name, content)
    return path


def _with(*more: Any, **fields: Any) -> Callable[[Path], Path]:
    return lambda path: keras_archive(path, network(*more, **fields))


def _members(**members: bytes) -> Callable[[Path], Path]:
    return lambda path: keras_archive(path, members={name.replace("__", "/"): text for name, text in members.items()})


def _bytes(content: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


def _twice(path: Path) -> Path:
    keras_archive(path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("config.json", json.dumps(network(layer("Lambda"))))
    return path


def _link(path: Path) -> Path:
    keras_archive(path)
    entry = zipfile.ZipInfo("linked")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    return path


def _torn(path: Path) -> Path:
    path.write_bytes(keras_archive(path).read_bytes()[:-40])
    return path


def _changed(path: Path) -> Path:
    content = keras_archive(path).read_bytes()
    path.write_bytes(content.replace(b"Conv2D", b"Conv3D", 1))  # its checksum no longer fits
    return path


def _elsewhere(file: h5py.File) -> None:
    file.create_dataset("vars/0", (10,), "f4", external=[("/etc/passwd", 0, 40)])


def _endless(file: h5py.File) -> None:
    file.create_dataset("vars/0", (10**12,), "f4", chunks=(1000,))


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "vars/0", (10,))
    file.create_virtual_dataset("vars/0", layout)


# Weights that are not only weights, by what they do.
WEIGHTS: dict[str, bytes] = {
    "a link to another file": hdf5(lambda file: file.__setitem__("layers", h5py.ExternalLink("/etc/passwd", "/"))),
    "a link within": hdf5(lambda file: file.__setitem__("layers/a/vars", h5py.SoftLink("/layers/b"))),
    "numbers in another file": hdf5(_elsewhere),
    "numbers made of other files": hdf5(_virtual),
    "more numbers than there is memory": hdf5(
        lambda file: file.create_dataset("vars/0", (10**12,), "f4", chunks=(99,))
    ),
    "the first bytes of weights": HDF5[:300],
    "a signature and nothing": HDF5[:8] + bytes(88),
    "a wrong size in its head": HDF5[:40] + b"\xff" * 8 + HDF5[48:],
}
HOSTILE: dict[str, Callable[[Path], Path]] = {
    "Lambda": _with(layer("Lambda", function={"class_name": "__lambda__", "config": {"value": "4wEAAA=="}})),
    "a bare lambda": _with(layer("Activation", activation={"class_name": "__lambda__", "config": {"value": "4wE="}})),
    "Lambda inside of a wrapper": _with(layer("TimeDistributed", layer=network(layer("Lambda")))),
    "Lambda under another module": _with(layer("Lambda", module="keras.src.layers.core.lambda_layer")),
    "a function that fetches": _with(layer("Activation", activation=function("get_file", "keras.utils"))),
    "os.system": _with(layer("Activation", activation=function("system", "os"))),
    "a class of Python": _with(layer("Popen", module="subprocess", args=["touch", "/tmp/x"])),
    "a class of its own": _with(layer("Mine", module="my_package.layers")),
    "a module that begins like keras": _with(layer("Dense", module="keras_evil.layers")),
    "keras' way to load models": _with(function("load_model", "keras.saving")),
    "switching safe mode off": _with(function("enable_unsafe_deserialization", "keras.config")),
    "keras from inside": _with(function("func_load", "keras.src.utils.python_utils")),
    "a vocabulary that is a file": _with(layer("StringLookup", vocabulary="/etc/passwd")),
    "another SavedModel": _with(layer("TFSMLayer", filepath="/tmp/evil")),
    "a pickle of PyTorch": _with(layer("TorchModuleWrapper", module="keras.layers")),
    "a nested network with code in how it was trained": _with(
        network(compile_config={"loss": function("system", "os")})
    ),
    "no module": _with({"class_name": "Dense", "config": {"units": 1}}),
    "a type that is none": _with({"class_name": ["Dense"], "module": "keras.layers", "config": {}}),
    "more units than there is memory": _with(layer("Dense", units=10**12)),
    "a photo of a million pixels a side": _with(layer("InputLayer", batch_shape=[None, 10**7, 10**7, 3])),
    "nothing": _bytes(b""),
    "no zip": _bytes(b"\x80\x04\x95cposix\nsystem\n."),
    "HDF5 instead": _bytes(HDF5),
    "half of it": _torn,
    "a wrong checksum": _changed,
    "config.json twice": _twice,
    "a link": _link,
    "a file outside": _members(**{"..__..__evil": b"x"}),
    "a program beside": _members(assets__evil=b"x"),
    "no config": lambda path: keras_archive(path, without="config.json"),
    "no weights": lambda path: keras_archive(path, without="model.weights.h5"),
    "weights that are none": _members(**{"model.weights.h5": b"\x80\x04pickle"}),
    **{name: _members(**{"model.weights.h5": content}) for name, content in WEIGHTS.items()},
    "a bomb": lambda path: keras_archive(
        path, members={"model.weights.h5": HDF5 + b"\0" * 20_000_000}, compression=zipfile.ZIP_DEFLATED
    ),
    "a config that is a list": lambda path: keras_archive(path, []),
    "a config that is nothing": lambda path: keras_archive(path, b"null"),
    "no JSON": lambda path: keras_archive(path, b"{'class_name': 'Sequential'}"),
    "no text": lambda path: keras_archive(path, b"\xff\xfe\x00"),
    "lists in lists without end": lambda path: keras_archive(path, b'{"class_name": ' + b"[" * 200_000),
}


def trained() -> dict[str, Any]:
    """As somebody's own training leaves it: with a loss of their own, which is never loaded."""
    config = copy.deepcopy(network(layer("Dense", units=3, activation="softmax")))
    return {**config, "compile_config": {"loss": function("my_loss", "__main__")}}
