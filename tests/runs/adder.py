"""A program that puts runs in the queue of a workspace: its folder, one for photos, and how many."""

import sys
from pathlib import Path

from tests.runs.conftest import new_run
from transfer.runs.workspace import Workspace

if __name__ == "__main__":
    workspace, photos, count = sys.argv[1:]
    for _ in range(int(count)):
        new_run(Workspace(Path(workspace)), Path(photos))
