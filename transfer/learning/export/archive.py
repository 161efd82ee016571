"""Finished folders put in their place: zipped, or moved to where one may be already. Never seen half done."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from transfer.runs.leftovers import hidden


def pack(folder: Path, archive: Path) -> None:
    """Zip a folder, as one folder named like the archive."""
    temporary = hidden(archive)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    file.write(path, Path(archive.stem) / path.relative_to(folder))
        temporary.replace(archive)
    finally:
        temporary.unlink(missing_ok=True)


def swap(folder: Path, place: Path) -> None:
    """Put a folder in a place that may be taken; the place is empty only between two renames."""
    old = hidden(place.with_name(f"{place.name}.old"))
    if place.exists():
        place.rename(old)
    folder.rename(place)
    shutil.rmtree(old, ignore_errors=True)
