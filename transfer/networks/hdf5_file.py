"""What is in an HDF5 file, as its structure says: numbers of its own, and nothing that leads elsewhere.

HDF5 can read other files of the machine in its own name: by links, by arrays whose bytes lie elsewhere, by arrays made
of those of others. Keras refuses these, too, but only once TensorFlow is loaded. The library that reads HDF5 is written
in C, so this is done by a program of its own, which a damaged file may end.
"""

from __future__ import annotations

import functools
import math
import subprocess
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

LONGEST = 60.0  # seconds; only the structure is read
_RATIO = 1000  # numbers may be packed, but not so well
_LARGE = 100_000_000  # bytes; below, no packing is asked about
_DAMAGED = "weights that are damaged, or no HDF5 file"


def wrong(path: Path, member: str = "") -> str:
    """What is wrong with an HDF5 file, or with one in a zip, in words; "" when nothing is."""
    try:
        stat = path.stat()
    except OSError:
        return _DAMAGED
    return _wrong(path, member, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=100)
def _wrong(path: Path, member: str, *_: int) -> str:
    command = [sys.executable, "-m", __name__, str(path.absolute()), member]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return "weights that take endless time to look through"
    return done.stdout.strip() if done.returncode == 0 else _DAMAGED


def look(path: Path, member: str = "") -> str:
    """The same in this process, where a damaged file raises whatever the library raises, or ends it."""
    import h5py

    with ExitStack() as opened:
        file: Path | IO[bytes] = path
        if member:
            file = opened.enter_context(opened.enter_context(zipfile.ZipFile(path)).open(member))
        root = opened.enter_context(h5py.File(file, "r"))

        def each(name: str, link: Any) -> str | None:
            if not isinstance(link, h5py.HardLink):
                return f"weights with a link to elsewhere, {name[:80]!a}"
            item = root[name]
            if not isinstance(item, h5py.Dataset):
                return None
            if item.external or item.is_virtual:
                return f"weights that lie in other files, {name[:80]!a}"
            size = math.prod(item.shape or (0,)) * item.dtype.itemsize
            if size > _LARGE and size > _RATIO * item.id.get_storage_size():
                return f"weights packed so well that they would fill the memory, {name[:80]!a}"
            return None

        return root.visititems_links(each) or ""


if __name__ == "__main__":
    print(look(Path(sys.argv[1]), sys.argv[2]))
