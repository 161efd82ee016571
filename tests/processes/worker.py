"""A worker that does what its run's name says, without TensorFlow; it holds the run's lock as the real one does.

Started with `hasty` before the run it does not stand by; with `frail` it stands by, and dies with the run in its hands.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from transfer.messages.endings import Finished, Stopped
from transfer.messages.events import Started
from transfer.messages.requests import Stop
from transfer.runs.study import Study, open_job


def main(arguments: list[str]) -> int | str:
    *manner, given = arguments
    if given == "--standby":
        if manner == ["hasty"]:
            return "it does not stand by"
        given = sys.stdin.readline().strip()
        if not given or manner == ["frail"]:
            return 1 if given else 0
    run = open_job(Path(given))
    name = (run.config.run if isinstance(run, Study) else run.config).name
    if name == "crash":
        return "no such module: tensorflow"
    with run.lock.acquire(timeout=10):
        run.log.append(Started(device=f"process {os.getpid()}"))
        print("working", flush=True)
        while name == "wait" and not run.mailbox.has(Stop):
            time.sleep(0.02)
        if name != "forget":
            run.log.append(Stopped(message="Enough.") if run.mailbox.has(Stop) else Finished())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
