"""Whether somebody holds a lock, asked without writing: also where nothing can be written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout


def is_held(file: Path) -> bool:
    """Whether a process holds the `FileLock` of a file. It is taken for an instant, shared with others who ask."""
    if sys.platform == "win32":
        try:
            with FileLock(file, timeout=0):
                return False
        except Timeout:
            return True
    import fcntl

    try:
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
