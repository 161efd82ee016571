"""A program that adds an event to a log, given as its file, where no file may grow beyond so many bytes."""

import resource
import sys
from pathlib import Path

from transfer.messages.endings import Finished
from transfer.runs.event_log import EventLog

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        EventLog(Path(sys.argv[1])).append(Finished())
    except OSError as trouble:
        print(repr(trouble), flush=True)
