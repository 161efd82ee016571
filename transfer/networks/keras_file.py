"""What is in a `.keras` file, as far as its bytes say: is it one, and would loading it do more than load.

A `.keras` file is a zip of `config.json` (the layers), `metadata.json` and `model.weights.h5`. Keras refuses what would
run code as well (its safe mode), but only once TensorFlow is loaded; this takes milliseconds, and half a second for
what the weights are (`hdf5_file`). What the layers amount to, and whether the weights fit, Keras says afterwards.
"""

from __future__ import annotations

import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transfer.errors import ConfigError
from transfer.networks import hdf5_file

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_NEEDED = {_CONFIG, "metadata.json", _WEIGHTS}
_CONFIG_BYTES = 64_000_000
_RATIO = 100  # weights hardly shrink, a bomb does by a thousand
_LARGEST = 1_000_000  # units, filters, or the side of an input

# Where Keras keeps what a network is made of; the rest of it fetches, reads and writes files.
_PARTS = re.compile(
    r"keras(\.src)?(\.(layers|models|ops|initializers|regularizers|constraints|activations|optimizers|losses|metrics"
    r"|dtype_policies|quantizers)(\.\w+)*|\.applications\.convnext)?"  # which has a layer of its own
)
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"}
_UNSAFE = {  # run code of the file or of other libraries, or read files that it names
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "IndexLookup", "StringLookup",
    "IntegerLookup", "TextVectorization", "__lambda__", "__typespec__",
}  # fmt: skip
_SIZES = {"units", "filters", "input_dim", "output_dim", "kernel_size", "batch_shape", "batch_input_shape", "shape"}


def check(path: Path) -> None:
    """See that a file can be loaded without running anything from it.

    Raises:
        ConfigError: when it cannot, or is no `.keras` file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
            config = json.loads(archive.read(_CONFIG))
        if not isinstance(config, dict) or "class_name" not in config:
            raise _Found("a config.json that describes no network")
        # How it was trained is never loaded, and often has functions of one's own.
        _check_config({name: value for name, value in config.items() if name != "compile_config"})
        if found := hdf5_file.wrong(path, _WEIGHTS):
            raise _Found(found)
    except _Found as found:
        raise refused(path, str(found)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError) as error:
        # RecursionError is a RuntimeError: objects in objects without end.
        raise refused(path, f"a file that is damaged or something else ({str(error)[:100]})") from error
    except OSError as error:
        raise refused(path, error.strerror or "a file that cannot be read") from error


class _Found(Exception):
    """What is wrong with it."""


def _check_members(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if missing := _NEEDED.difference(names):
        raise _Found(f"a zip without {' and '.join(sorted(missing))}")
    if len(names) > 100 or len(set(names)) < len(names):
        raise _Found("a zip with too many files, or one of them twice")
    for member in members:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        if name != "assets/" and not re.fullmatch(r"[\w.-]+", name):
            raise _Found(f"a file that a network does not need, “{name[:80]}”")
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or member.flag_bits & 0x1:
            raise _Found(f"a link or an encrypted file, “{name}”")
        if member.file_size > 10_000_000 and member.file_size > _RATIO * max(member.compress_size, 1):
            raise _Found(f"“{name}”, packed so well that it would fill the memory")
        if name.endswith(".json") and member.file_size > _CONFIG_BYTES:
            raise _Found(f"“{name}” with {member.file_size:,} bytes")


def _check_config(config: dict[str, Any]) -> None:
    for each in _objects(config):
        for name in _SIZES.intersection(each):
            sizes = each[name] if isinstance(each[name], list) else [each[name]]
            if any(isinstance(size, int | float) and abs(size) > _LARGEST for size in sizes):
                raise _Found(f"a layer with {name} {str(each[name])[:60]}")
        kind = each.get("class_name")
        if kind is None:
            continue
        module = each.get("module")
        if not isinstance(kind, str) or kind in _UNSAFE:
            raise _Found(f"{str(kind)[:80]}, which runs code or reads files that the file brings or names")
        if kind in _VALUES or (kind == "function" and module == "builtins"):
            continue
        if kind == "function" or not isinstance(module, str) or not _PARTS.fullmatch(module):
            raise _Found(f"code that is not of Keras, {str(module)[:80]}.{kind[:80]}")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in some JSON."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            yield each
            stack += each.values()
        elif isinstance(each, list):
            stack += each


def refused(path: Path, found: str) -> ConfigError:
    """The error that says so, here and where Keras finds out."""
    return ConfigError(
        f"{path.name} cannot be loaded as a Keras model.",
        expected="a .keras file saved by Keras 3, without Lambda layers or layers of one's own code",
        found=found,
        fix="Save it again with model.save('name.keras') using plain Keras layers only.",
    )
