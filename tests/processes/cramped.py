"""A program that supervises a workspace for a while on a full disk: no file may grow."""

import logging
import resource
import sys
from pathlib import Path

from tests.processes.conftest import Watched
from transfer.processes.launcher import LocalLauncher
from transfer.runs.workspace import Workspace

if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    supervisor = Watched(Workspace(Path(sys.argv[1])), LocalLauncher(command=("false",)))
    supervisor.start()
    supervisor.look()
    supervisor.look()
    supervisor.stop()
    print("looked", flush=True)
