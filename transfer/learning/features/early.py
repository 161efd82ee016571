"""Early: a program that looks at the photos of a run while the run's worker is still loading TensorFlow.

    python -m transfer.learning.features.early RUN

Where the engine of a frozen network was kept, looking at photos needs no TensorFlow, whose import takes one core for
longer than many photos take. What is computed lies in the feature store, where the worker finds it. Once that is ready
itself it calls this program off and looks at the other photos. Whatever this program cannot do, or does not know, it
leaves to the worker, and it says nothing in the run's log.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from transfer.config import RunConfig
from transfer.costs.space import run_bytes
from transfer.dataset.dataset import Split
from transfer.errors import TransferError
from transfer.learning.features.compiled import backbone_spec
from transfer.learning.features.extraction import FeatureExtractor, NotKept
from transfer.learning.inbox import Inbox, Stopped
from transfer.learning.memory import share_one_heap
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.networks.backbones import backbone
from transfer.networks.custom import is_custom
from transfer.runs.run import Run
from transfer.runs.study import open_job
from transfer.runs.workspace import Workspace

ORDER: tuple[Split, ...] = ("validation", "train", "test")  # in which a training asks for them
NICENESS = 10  # the worker comes first: what it loads is what everything waits for
PATIENCE = 10.0  # seconds until it has stored what it knows and left
GPUS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")  # where one of these is, features may be another device's


@dataclass(frozen=True)
class Processor:
    """The arithmetic of this program."""

    gpus: tuple[str, ...] = ()
    mixed_precision: bool = False
    replicas: int = 1


class Called(Inbox):
    """A stop is asked for by the worker as well: by closing what it holds of this program's input, or by its death."""

    enough = threading.Event()

    def raise_if_stopped(self) -> None:
        if self.enough.is_set():
            raise Stopped
        super().raise_if_stopped()


class Quiet(Reporter):
    """Says nothing: the log of the run is its worker's."""

    def say(self) -> None: ...

    def skip(self, path: str, reason: str) -> None: ...

    def notice(self, title: str, message: str) -> None: ...


_started: list[subprocess.Popen[bytes]] = []


def start(directory: Path) -> None:
    """Start it for the run in a directory, beside this process, where that can be of use."""
    if importlib.util.find_spec("openvino") is None or any(Path(device).exists() for device in GPUS):
        return
    with contextlib.suppress(TransferError, OSError):
        if not isinstance(open_job(directory), Run):
            return
        _started.append(subprocess.Popen([sys.executable, "-m", __name__, str(directory)], stdin=subprocess.PIPE))


def call_off() -> None:
    """Have it store what it knows and leave."""
    while _started:
        process = _started.pop()
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # then its lock on the features is waited for
            process.wait(PATIENCE)


def look(run: Run) -> None:
    """Compute what is missing of the features that training and evaluation begin with.

    Raises:
        Stopped: when the user asked to stop.
        NotKept: when it cannot be stored.
        TransferError: when the settings lead to no network; the worker says so.
    """
    config = run.config
    size = known_size(config)
    if size is None or config.fine_tunes:  # maps are made in two steps
        return
    reserve = run_bytes(config, run.dataset)
    quiet, called = Quiet(run), Called(run.mailbox)
    extractor = FeatureExtractor(Workspace.of(run), Processor(), quiet, called, reserve=reserve)
    with contextlib.closing(extractor):
        stage = extractor.known(backbone_spec(config, size), _no_model)
        if stage is None or extractor.engines.kept(stage.network) is None:
            return
        for split in ORDER:
            if run.dataset.of(split) and (split != "train" or config.augmentation == "off"):
                photos = PhotoSource(run.dataset, split, size, config.batch_size, lambda *_: None)
                extractor.extract((stage,), photos)


def known_size(config: RunConfig) -> int | None:
    """The photo size of a run, pixels; None where only the file of a network of one's own says, which takes Keras."""
    return config.image_size or (None if is_custom(config.backbone) else backbone(config.backbone).image_size)


def _no_model() -> None:
    raise NotKept("the engine that was there a moment ago is gone")


def main(directory: str) -> None:
    """Look at the photos of the run in a directory."""
    threading.Thread(target=_listen, daemon=True).start()
    os.nice(NICENESS)
    with contextlib.suppress(Stopped, NotKept, TransferError, OSError):
        look(Run(Path(directory)))


def _listen() -> None:
    os.read(0, 1)  # not `sys.stdin`, whose lock an interpreter that ends would wait for
    Called.enough.set()


if __name__ == "__main__":
    share_one_heap()
    main(sys.argv[1])
