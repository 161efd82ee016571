"""Matplotlib figures as SVG that takes its colours and font from the page around it, in light and dark alike.

A figure is drawn with the sentinel colours below; in the SVG they are replaced by the page's CSS variables. No
pyplot: a `Figure` belongs to the thread that draws it. What is drawn is not known here.
"""

from __future__ import annotations

import io
import itertools
import re
from html import escape

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Text stays text: it is read by screen readers, can be searched, and weighs less than outlines.
matplotlib.rcParams["svg.fonttype"] = "none"

INK = "#01a001"
MUTED = "#01a002"
LINE = "#01a003"
PANEL = "#01a004"
TRAIN = "#01a005"
VALIDATION = "#01a006"
WARM = "#01a007"
FILL = "#01a008"
ON_FILL = "#01a009"

VARIABLES = {
    INK: "var(--t-ink)",
    MUTED: "var(--t-muted)",
    LINE: "var(--t-line)",
    PANEL: "var(--t-panel)",
    TRAIN: "var(--t-train)",
    VALIDATION: "var(--t-val)",
    WARM: "var(--t-warm)",
    FILL: "var(--t-info)",
    ON_FILL: "var(--t-panel)",
}

_numbers = itertools.count()


def figure(width: float, height: float) -> Figure:
    """An empty figure of so many CSS pixels (an SVG pixel is 1/72 inch to Matplotlib)."""
    drawn = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(drawn)
    return drawn


def svg(drawn: Figure, label: str) -> str:
    """The figure as an `<svg>` element as wide as its container; `label` says in words what it shows."""
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    for sentinel, variable in VARIABLES.items():
        text = text.replace(sentinel, variable)
    # A style sheet in an inline SVG would apply to the whole page.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, count=1, flags=re.DOTALL)
    # The page's own font: Matplotlib's is not on every reader's machine.
    text = re.sub(r"; font-family: [^;\"]*", "", text)
    # Ids are unique only within one figure, and a page holds several; a hidden tab would lend its own to others.
    own = f"f{next(_numbers)}-"
    text = re.sub(r'(\bid="|href="#|url\(#)', lambda found: found.group(1) + own, text)
    head, body = text.split(">", 1)
    head = re.sub(r'\s(?:width|height|version|id)="[^"]*"', "", head)
    head += f' class="t-svg" stroke-linejoin="round" role="img" aria-label="{escape(label)}"'
    return f"{head}><title>{escape(label)}</title>{body}".strip()
