"""Files that the page may serve: copies, because the workspace itself is never opened to the browser."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

_COPIES = tempfile.TemporaryDirectory(prefix="transfer-", ignore_cleanup_errors=True)  # gone with this process


def new_place(name: str, of: str) -> Path:
    """Where a file may be written that is only made to be served; what was written there before `of` it is removed."""
    place = Path(_COPIES.name) / hashlib.sha256(f"made of {of}".encode()).hexdigest()[:16]
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place / name


def served(file: Path, name: str = "") -> str:
    """The path of a copy. Made once per file."""
    about = file.stat()
    digest = hashlib.sha256(f"{file} {about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:16]
    place = Path(_COPIES.name) / digest / (name or file.name)
    if not place.is_file():
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, place)
    return str(place)
