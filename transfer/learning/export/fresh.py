"""Fresh: a process that knows nothing of the model it is given, in which the program of an export runs.

Importing TensorFlow takes longer than everything else that program does. Where processes can be divided safely, on
Linux, a child is divided off as soon as Keras is loaded: before a network, a tensor or a computation exists. It waits,
and each program runs in a process divided off from that one, from its own folder, without the modules of Transfer.
Elsewhere, and where nothing was prepared, a new interpreter runs it, which takes the seconds of the import more.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # of linux/prctl.h: a signal to this process when its parent ends
TIMEOUT = 900  # seconds for an exported model to look at the photos it is proven with
# -1 hides GPUs: the app's answers come from the processor, and a GPU may be busy training.
SURROUNDINGS = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1"}

_waiting: socket.socket | None = None


def keep_ready() -> None:
    """Divide the waiting child off, where that is possible: not once Keras is loaded, nor in a thread."""
    global _waiting
    if sys.platform != "linux" or "keras" in sys.modules or threading.current_thread() is not threading.main_thread():
        return
    import keras  # noqa: F401 - this is what the child is for

    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python warns of threads. Those of OpenBLAS know of forks; one that listens for a run holds nothing needed.
        warnings.simplefilter("ignore", DeprecationWarning)
        if os.fork() == 0:
            _in_child(lambda: _wait(theirs), theirs.fileno())
    theirs.close()
    _waiting = ours


class Program:
    """A program of an export, running.

    Args:
        folder: of the export; the program finds it as its working folder and imports from it.
        arguments: the program's file in there, and its arguments.
        listed: photos, which it gets as the name of a JSON file after `--list`: there may be more than fit a command.
    """

    def __init__(self, folder: Path, arguments: Sequence[str], listed: Sequence[str] = ()) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="fresh-")
        self._said = {name: Path(self._place.name) / name for name in ("stdout", "stderr")}
        self._arguments = list(arguments)
        if listed:
            file = Path(self._place.name) / "listed.json"
            file.write_text(json.dumps(list(listed)), encoding="utf-8")
            self._arguments += ["--list", str(file)]
        self._process: subprocess.Popen[bytes] | None = None
        if _waiting is not None and self._ask(_waiting, folder):
            return
        with self._said["stdout"].open("wb") as out, self._said["stderr"].open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, *self._arguments],
                cwd=folder,
                env={**os.environ, **SURROUNDINGS},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def printed(self) -> Path:
        """The file that what it says goes to."""
        return self._said["stdout"]

    def output(self) -> str:
        """What it said when it had ended.

        Raises:
            subprocess.SubprocessError: when it ended badly, with what it said as `stderr`.
        """
        with self._place:
            code = self._ended()
            said, complained = (
                file.read_text("utf-8", "replace") if file.exists() else "" for file in self._said.values()
            )
        if code:
            raise subprocess.CalledProcessError(code, self._arguments, said, complained)
        return said

    def _ask(self, waiting: socket.socket, folder: Path) -> bool:
        asked = {"folder": str(folder), "arguments": self._arguments, **{k: str(v) for k, v in self._said.items()}}
        try:
            waiting.sendall(json.dumps(asked).encode() + b"\n")
        except OSError:  # it was killed
            return False
        return True

    def _ended(self) -> int:
        if self._process is not None:
            try:
                return self._process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise
        assert _waiting is not None
        for line in _waiting.makefile("rb", 0):
            stdout, code = json.loads(line)
            if stdout == str(self._said["stdout"]):  # not one that nobody waited for
                return int(code)
        return 1


# ---------------------------------------------------------------------- in the children


def _in_child(work: Any, *kept: int) -> None:
    """Do something in a process just divided off, without what its parent had open, and never return."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left to be answered
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        for file in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
            if file > 2 and file not in kept:
                with contextlib.suppress(OSError):  # that of the listing is closed already
                    os.close(file)
        code = work() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _wait(parent: socket.socket) -> None:
    """Run each program asked for in a process of its own, and say how it ended, until the parent is gone."""
    for line in parent.makefile("rb"):
        asked = json.loads(line)
        process = os.fork()
        if process == 0:
            _in_child(lambda asked=asked: _run(**asked))
        _, status = os.waitpid(process, 0)
        answer = [asked["stdout"], os.waitstatus_to_exitcode(status)]
        parent.sendall(json.dumps(answer).encode() + b"\n")


def _run(folder: str, arguments: list[str], stdout: str, stderr: str) -> None:
    signal.alarm(TIMEOUT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for place, file in ((1, stdout), (2, stderr)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), place)
    sys.stdout, sys.stderr = (os.fdopen(place, "w", encoding="utf-8", closefd=False) for place in (1, 2))
    for name in [name for name in sys.modules if name.partition(".")[0] == "transfer"]:
        del sys.modules[name]
    os.environ.update(SURROUNDINGS)
    os.chdir(folder)
    sys.path[0], sys.argv, sys.dont_write_bytecode = folder, arguments, True
    runpy.run_path(arguments[0], run_name="__main__")
