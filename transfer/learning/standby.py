"""Standby: a worker loads everything that takes seconds before there is a run, and is then given one.

With `--standby` it waits for one line on its standard input, the run directory; when the input ends without one, so
does it. With `--keep PLACE MINUTES` it listens on a Unix socket instead, and stays for further runs until nobody has
come for some minutes; see `processes.kept`. A GPU is not touched while it waits, and one that used a GPU does not stay.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from transfer.learning.memory import resident_megabytes
from transfer.messages.endings import Paused
from transfer.runs.run import Run
from transfer.runs.study import open_job

GLANCE = 2.0  # seconds between two looks at whether it is still wanted
LARGEST = 1500.0  # MB; one that has grown beyond that makes room for a new one

Work = Callable[[Path], int]
"""Works on the run in a directory; returns the exit code."""


_loaded = threading.Event()


def wait_for_input(work: Work) -> int:
    """Load, then work on the run whose directory comes in on standard input."""
    given: list[str] = []

    def listen() -> None:
        # In a thread, so that whatever goes wrong while loading is in the log of a run that is waiting already.
        line = os.fsdecode(sys.stdin.buffer.readline()).rstrip("\n")
        if not line:
            os._exit(0)  # whoever started this is gone
        _write_to(Path(line) / "worker.log")
        _start_early(Path(line))
        given.append(line)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    _load()
    listener.join()
    return work(Path(given[0]))


def stay(place: Path, minutes: float, work: Work) -> int:
    """Load, then work on the runs that come in at a place, one after the other."""
    with socket.socket(socket.AF_UNIX) as door:
        new = place.with_name(f".{os.getpid()}")  # not its name and more: the path of a socket must be short
        door.bind(str(new))
        new.chmod(0o600)
        door.listen()
        new.replace(place)
        inode = place.stat().st_ino
        arrived: queue.Queue[tuple[socket.socket, Path]] = queue.Queue()
        threading.Thread(target=_listen, args=(door, arrived), name="door", daemon=True).start()
        _load()
        from transfer.learning.model import ahead

        last = time.monotonic()
        try:
            while time.monotonic() < last + 60 * minutes and _is_there(place, inode):
                with contextlib.suppress(queue.Empty):
                    connection, directory = arrived.get(timeout=GLANCE)
                    # After trouble it leaves, too: its life would stand for that of a run that could not say so.
                    if _serve(connection, directory, work) or not _tidied():
                        break
                    job = open_job(directory)
                    if isinstance(job.log.last(), Paused):  # somebody wants the memory
                        break
                    if isinstance(job, Run):
                        ahead.prepare(job.config)  # most people stay with a network for a while
                    last = time.monotonic()
        finally:
            if _is_there(place, inode):
                place.unlink()
    return 0


def _listen(door: socket.socket, arrived: queue.Queue[tuple[socket.socket, Path]]) -> None:
    """Pass on who brings a run, for ever; in a thread, so that a run is known before everything is loaded."""
    with contextlib.suppress(OSError):  # the door is closed in the end
        while True:
            connection, _ = door.accept()
            if line := os.fsdecode(connection.makefile("rb").readline()).rstrip("\n"):
                _start_early(Path(line))
                arrived.put((connection, Path(line)))
            else:
                connection.close()


def _serve(connection: socket.socket, directory: Path, work: Work) -> int:
    """Work on the run that somebody brings, and tell them the exit code. Returns it."""
    with connection:
        quiet = os.dup(1)
        _write_to(directory / "worker.log")
        code = work(directory)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for place in (1, 2):
            os.dup2(quiet, place)
        os.close(quiet)
        with contextlib.suppress(OSError):  # nobody need have waited
            connection.sendall(b"%d" % code)
    return code


def _start_early(directory: Path) -> None:
    """Where there is still much to be loaded, another program begins with the photos meanwhile."""
    if not _loaded.is_set():
        from transfer.learning.features import early

        early.start(directory)


def _tidied() -> bool:
    """Forget the last run. False when it left too much behind."""
    import keras

    from transfer.learning import device

    keras.backend.clear_session()
    gc.collect()
    return not device.describe()[1] and resident_megabytes() < LARGEST


def _is_there(place: Path, inode: int) -> bool:
    try:
        return place.stat().st_ino == inode
    except OSError:
        return False


def _write_to(file: Path) -> None:
    log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, opened in ((0, nothing), (1, log), (2, log)):
        os.dup2(opened, place)
    os.close(log)
    os.close(nothing)


def _load() -> None:
    """Everything that takes seconds and does not depend on the run."""
    from transfer.learning.export import fresh

    fresh.keep_ready()

    from transfer.learning import run_work  # noqa: F401 - and TensorFlow with it
    from transfer.learning.features import compiled

    with contextlib.suppress(ImportError):
        compiled.openvino()
    _practise()
    _loaded.set()


def _practise() -> None:
    """Train a head nobody needs: the first time takes TensorFlow a second longer. Not where a GPU would be used."""
    import numpy as np
    import tensorflow as tf

    from transfer.config import RunConfig
    from transfer.learning import device
    from transfer.learning.features.table import Table
    from transfer.learning.model.classifier import new_head
    from transfer.learning.training.optimizer import optimizer
    from transfer.learning.training.steps import Steps

    if device.describe()[1]:
        return
    config = RunConfig(hidden_units=2)
    head = new_head(config, 2)
    head(np.zeros((2, 2), np.float32))
    variables, made = head.trainable_variables, optimizer(config, 1e-3, 1)
    made.build(variables)
    steps = Steps(device.choose(), variables, made, head, head, np.ones(2, np.float32))
    table = Table.of([np.zeros((2, 2), np.float16)], np.zeros(2, np.int32), np.ones(2, np.float32))
    order = tf.zeros((1, 2), tf.int64)
    for block in (steps.train_block, steps.measure_block):
        block(table, order, 0, 1, tf.zeros(3))
