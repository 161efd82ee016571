"""A program that works on runs in processes divided off from this one, where TensorFlow is loaded, and ends them at a
chosen point. One line of JSON comes in for each, `{"run": folder, "doom": ...}`, and its exit code goes out.

A doom is `{"after": seconds}`, or `{"at": audit event, "name": part of a path, "nth": 1}` with one of these, where the
event "write" stands for every one by which files come and go:
    {"kill": true}      the process is killed there, before that happens
    {"torn": bytes}     it is killed in the middle of the next file that grows beyond so many bytes
    {"full": bytes}     from then on no file can grow beyond so many bytes: a full disk that everybody may have
    {"memory": bytes}   from then on no more memory than that is given
    {"fill": folder}    the disk of that folder is filled to the last byte
    {"pause": mailbox}  no end: somebody asks it to pause, in that file
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from transfer.messages.requests import Pause
from transfer.runs.mailbox import Mailbox

WRITES = os.O_WRONLY | os.O_RDWR
COMES_AND_GOES = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"})


def main() -> None:
    """Load everything that may be loaded before processes are divided: no network, no tensor, no computation."""
    from transfer.learning.export import fresh

    fresh.keep_ready()
    from transfer.learning import run_work, worker  # noqa: F401
    from transfer.learning.features import compiled

    compiled.openvino()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            code = 1
            try:
                log = os.open(Path(asked["run"]) / "worker.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
                for place in (1, 2):
                    os.dup2(log, place)
                sys.stdout = sys.stderr = worker.log_output()
                if asked["doom"] and "after" in asked["doom"]:
                    signal.setitimer(signal.ITIMER_REAL, asked["doom"]["after"])  # which ends it, like any signal
                elif asked["doom"]:
                    sys.addaudithook(Doom(**asked["doom"]))
                code = worker.work(Path(asked["run"]))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


class Doom:
    """An audit hook that waits for its time."""

    def __init__(self, at: str, name: str, nth: int = 1, **what: Any) -> None:
        self.at, self.name, self.left, self.what = at, name, nth, what

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != self.at and not (self.at == "write" and event in COMES_AND_GOES):
            return
        if not self.left or self.name not in str(arguments[0]):
            return
        if event == "open" and not (arguments[2] or 0) & WRITES and "read" not in self.what:
            return
        self.left -= 1
        if self.left:
            return
        if "torn" in self.what:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if limit := self.what.get("torn", self.what.get("full")):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        elif "memory" in self.what:
            resource.setrlimit(resource.RLIMIT_AS, (self.what["memory"], resource.RLIM_INFINITY))
        elif "fill" in self.what:
            fill(Path(self.what["fill"]))
        elif "pause" in self.what:
            Mailbox(Path(self.what["pause"])).send(Pause())
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def fill(folder: Path) -> None:
    """Write until nothing more fits."""
    with (folder / "filler").open("ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


if __name__ == "__main__":
    main()
