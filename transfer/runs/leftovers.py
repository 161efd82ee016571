"""Leftovers: what processes that were killed left half written. Everything is written under a hidden name that ends
with the number of the process, such as `.metrics.json.4711`, and only then gets its own; so what nobody will finish is
known by its name.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from transfer.runs.process import began


def hidden(place: Path) -> Path:
    """What a file or folder is called until it is whole and gets its own name."""
    return place.with_name(f".{place.name}.{os.getpid()}")


def sweep(folder: Path) -> None:
    """Remove what dead processes of this machine left half written in a folder; not in the folders in it."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        names = [entry.name for entry in found if entry.name.startswith(".")]
    for name in names:
        writer = re.search(r"\.(\d{1,9})$", name)
        if writer is None or began(int(writer[1])) is not None:
            continue
        place = folder / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
