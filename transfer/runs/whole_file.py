"""A whole file: text that readers find there all at once or not at all, whenever its writer is killed."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file that is either there whole or not at all; of two writers at a time the later one wins."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8", newline="")  # the same bytes on every system
    temporary.replace(path)
