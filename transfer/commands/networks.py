"""The networks a person may start from: those on offer by name, and `.keras` files where files may be read.

The layers of a named network come from the tables. A file is looked into by the prediction server, once per file.
What can be said about a network in words and numbers is in `transfer.networks`.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from transfer.dataset.roots import Roots
from transfer.errors import ConfigError
from transfer.home import expanded
from transfer.messages.questions import DescribeNetwork, NetworkDescription
from transfer.networks import keras_file
from transfer.networks.backbones import BACKBONES, Backbone, backbone
from transfer.networks.custom import custom_path, is_custom
from transfer.networks.layers import Layer, layers
from transfer.networks.weights import models_folder, readiness, weights_file
from transfer.processes.client import Client
from transfer.runs.workspace import Workspace


@dataclass(frozen=True)
class Listed:
    """A network on offer.

    Attributes:
        ready: the widths of it whose weights are on this machine.
        state: the same in words, or what it would take.
    """

    backbone: Backbone
    ready: tuple[float, ...]
    state: str


def list_networks() -> list[Listed]:
    """All networks on offer, in the order in which they are shown."""
    return [
        Listed(
            record, tuple(alpha for alpha in record.alphas if weights_file(record, alpha).present), readiness(record)
        )
        for record in BACKBONES.values()
    ]


class Networks:
    """Networks by name or file.

    Args:
        workspace: where uploaded files are kept.
        roots: where files may be read, beside the workspace, where models of earlier runs are, and Keras' weights.
        server: asked about `.keras` files.
    """

    def __init__(self, workspace: Workspace, roots: Roots, server: Client) -> None:
        self._workspace, self._server = workspace, server
        self._files = roots.with_folders(workspace.path, models_folder())
        self._described: dict[tuple[Path, int], NetworkDescription] = {}
        self._checked: set[tuple[Path, int]] = set()
        self._turn = threading.Lock()

    def file(self, text: str) -> Path:
        """The resolved path of a model or weights file; whether it exists is not asked.

        Raises:
            ConfigError: when files may not be read there. Says nothing about what is there.
        """
        place = expanded(text.strip())
        if not self._files.allows(place):
            raise ConfigError(
                f"The file “{text}” is outside the folders that may be read here.",
                expected="a file inside " + " or ".join(map(str, self._files.folders)),
                found=text,
                fix="Move the file there, or start Transfer with --root and the folder to allow.",
            )
        return place.resolve()

    def custom(self, name: str) -> Path:
        """The resolved path of a `.keras` file that is there, may be read, and may be loaded.

        Raises:
            ConfigError: when it is not.
        """
        path = custom_path(str(self.file(name)))
        if (key := _key(path)) not in self._checked:
            keras_file.check(path)
            self._checked.add(key)
        return path

    def layers(self, name: str, alpha: float) -> tuple[Layer, ...]:
        """The layers of a network; for a file this may take as long as starting Keras does.

        Raises:
            TransferError: when there is no such network or width, or the file is no network for photos.
        """
        return self._description(name).layers if is_custom(name) else layers(backbone(name).name, alpha)

    def known(self, name: str, alpha: float) -> tuple[Layer, ...] | None:
        """The layers, when no waiting is needed: None for a file that nobody has looked into yet."""
        if is_custom(name) and _key(self.custom(name)) not in self._described:
            return None
        return self.layers(name, alpha)

    def image_size(self, name: str) -> int | None:
        """The photo size that is used when none is chosen; None for a file that takes any."""
        return self._description(name).image_size if is_custom(name) else backbone(name).image_size

    def keep(self, upload: Path) -> Path:
        """Where an uploaded `.keras` file was put to stay; the upload itself is gone afterwards.

        Raises:
            ConfigError: when it may not be loaded; then nothing stays of it.
        """
        try:
            keras_file.check(upload)
            with upload.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
            # Another file of the same name must not change what an earlier run was made with.
            place = self._workspace.networks_dir / f"{upload.stem[:80]}-{digest}.keras"
            shutil.copyfile(upload, place)
            return place
        finally:
            upload.unlink(missing_ok=True)

    def _description(self, name: str) -> NetworkDescription:
        path = self.custom(name)
        with self._turn:
            key = _key(path)
            if key not in self._described:
                self._described[key] = self._server.ask(DescribeNetwork(file=str(path)), timeout=120)
            return self._described[key]


def _key(path: Path) -> tuple[Path, int]:
    return path, path.stat().st_mtime_ns
