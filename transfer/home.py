"""Home: `~` at the beginning of a path, which stands for somebody's home folder."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """A path without it. Unlike with `Path.expanduser`, which raises, an unknown `~user` is the name of a file."""
    return Path(os.path.expanduser(path))  # noqa: PTH111
