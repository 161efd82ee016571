"""Runs another program, `python -m tests.learning.features.watch PROGRAM …`, and notes in the file $ATTEMPTS whenever
it starts a third one."""

import os
import runpy
import sys
from typing import Any

STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system")
HARMLESS = ("uname", "fc-list")  # TensorFlow asks for the machine, matplotlib for fonts


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in STARTS and arguments[0] not in HARMLESS:
        with open(os.environ["ATTEMPTS"], "a") as attempts:  # noqa: PTH123 - as little as possible happens in a hook
            attempts.write(f"{event} {arguments}")


if __name__ == "__main__":
    sys.addaudithook(watch)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
