"""A program that builds the page in a workspace, its argument, and prints which slow modules that has loaded."""

import sys
from pathlib import Path

from transfer.commands.desk import Desk
from transfer.runs.workspace import Workspace
from transfer.ui.context import Context
from transfer.ui.page import build

SLOW = ("tensorflow", "keras", "matplotlib")

if __name__ == "__main__":
    place = Path(sys.argv[1])
    build(Context(Desk.open(Workspace(place), [place], place)))
    print([name for name in sys.modules if name.split(".")[0] in SLOW])
