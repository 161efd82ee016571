"""A whole file: text that readers find there all at once or not at all, whenever its writer is killed."""

from __future__ import annotations

from pathlib import Path

from transfer.runs.leftovers import hidden


def write_whole(path: Path, text: str) -> None:
    """Write a file that is either there whole or not at all; of two writers at a time the later one wins."""
    temporary = hidden(path)
    try:
        temporary.write_text(text, encoding="utf-8", newline="")  # the same bytes on every system
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
