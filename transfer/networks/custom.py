"""A `.keras` file as the backbone: when a name means one, and where that file is. What is in it, Keras knows."""

from __future__ import annotations

from pathlib import Path

from transfer.errors import ConfigError
from transfer.home import expanded


def is_custom(backbone: str) -> bool:
    """Whether `RunConfig.backbone` is the path of a file rather than the name of a network on offer."""
    return backbone.strip().endswith(".keras")


def custom_path(backbone: str | Path) -> Path:
    """Where the file is.

    Raises:
        ConfigError: when there is none.
    """
    path = expanded(str(backbone).strip())
    if not path.is_file():
        raise ConfigError(
            f"There is no file {path}.",
            expected="the path of a .keras file",
            found="a folder" if path.is_dir() else "nothing at that path",
            fix="Check the path, or choose a network from the list (python -m transfer backbones).",
        )
    return path
