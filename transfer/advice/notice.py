"""A piece of advice, as the page and the terminal show it. What gives reason for one is in `settings` and `curves`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Notice:
    """One piece of advice: what is the matter, why, and what to do."""

    level: Literal["info", "warning"]
    title: str
    message: str
    fix: str = ""
