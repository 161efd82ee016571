"""The styles of what is drawn, for whoever shows it: the colours as CSS variables, in light and dark, and the rest."""

from __future__ import annotations

from pathlib import Path

COLOURS, RUN = (Path(__file__).with_name(name) for name in ("colours.css", "run.css"))
