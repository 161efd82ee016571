"""Leftovers: what processes that were killed left half written. Everything is written under a hidden name that ends
with the number of the process, such as `.metrics.json.4711`, and only then gets its own; so what nobody will finish is
known by its name. A Unix socket is left over once nobody listens on it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

from transfer.runs.process import began


def hidden(place: Path) -> Path:
    """What a file or folder is called until it is whole and gets its own name."""
    return place.with_name(f".{place.name}.{os.getpid()}")


def sweep(folder: Path) -> None:
    """Remove what dead processes of this machine left in a folder; not in the folders in it."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        places = [folder / entry.name for entry in found]
    for place in places:
        if place.name.startswith("."):
            writer = re.search(r"\.(\d{1,9})$", place.name)
            left = writer is not None and began(int(writer[1])) is None
        else:
            left = place.is_socket() and not _listened_on(place)
        if left and place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        elif left:
            place.unlink(missing_ok=True)


def _listened_on(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.setblocking(False)  # one with many visitors waiting is listened on
        try:
            visitor.connect(str(place))
        except ConnectionRefusedError:
            return False
        except OSError:
            pass
        return True
