"""What a command prints on stdout: one text, or one line of JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any


def show(data: Any, text: str, options: argparse.Namespace) -> int:
    """Print a result in the form that was asked for. Returns the exit code of what was done."""
    if options.json:
        print_json(data)
    else:
        print(text)
    return 0


def print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False))


def flags(settings: Mapping[str, Any]) -> str:
    """Settings as they are written behind a command."""
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in settings.items())
