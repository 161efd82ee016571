"""Matplotlib figures as SVG that takes its colours and font from the page around it, in light and dark alike.

A figure is drawn with the sentinel colours below; in the SVG they are replaced by the page's CSS variables. No
pyplot: a `Figure` belongs to the thread that draws it. What is drawn is not known here.

Matplotlib is loaded with the first figure, because that takes half a second which the page need not wait for to open.
"""

from __future__ import annotations

import io
import itertools
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from transfer.drawing import html

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The reader's browser has the characters that Matplotlib's own font lacks (Chinese, pictures); it only measures them.
warnings.filterwarnings("ignore", message="Glyph .* missing from")

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
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # Text stays text: it is read by screen readers, can be searched, and weighs less than outlines.
    matplotlib.rcParams["svg.fonttype"] = "none"
    drawn = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(drawn)
    return drawn


def ruled(axes: Axes, text: float) -> None:
    """What a plot stands on, its heights to be read off; labels are `text` pixels high."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0, labelsize=text, colors=MUTED, pad=6)
    axes.grid(axis="y", color=LINE, linewidth=1)
    axes.set_axisbelow(True)


def svg(
    drawn: Figure, label: str, colours: Mapping[str, str] | None = None, over: Markup = html.NOTHING, role: str = "img"
) -> Markup:
    """The figure as an `<svg>` element as wide as its container.

    Args:
        drawn: the figure.
        label: what it shows, in words.
        colours: sentinels beside those of this module, with the CSS colours they stand for.
        over: elements laid over the figure, in its pixels.
        role: what it is to a screen reader: img, or group where something laid over it can be pressed.
    """
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    # A style sheet in an inline SVG would apply to the whole page.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, count=1, flags=re.DOTALL)
    own, sentinels = f"f{next(_numbers)}-", {**VARIABLES, **(colours or {})}
    # Tags only: what stands between them are names that people gave.
    text = re.sub(r"<[^>]+>", lambda tag: _at_home(tag.group(), own, sentinels), text)
    head, body = text.split(">", 1)
    head = re.sub(r'\s(?:width|height|version|id)="[^"]*"', "", head)
    ours = Markup(' class="t-svg" stroke-linejoin="round" role="{}" aria-label="{}">').format(role, label)
    inside = Markup(body.strip().removesuffix("</svg>"))  # names in it were escaped by Matplotlib
    return html.join(Markup(head), ours, html.title[label], inside, over, Markup("</svg>"))


def _at_home(tag: str, own: str, sentinels: Mapping[str, str]) -> str:
    """A tag of Matplotlib's with the colours and the font of the page, and ids that begin with `own`."""
    for sentinel, variable in sentinels.items():
        tag = tag.replace(sentinel, variable)
    # Matplotlib's font is not on every reader's machine.
    tag = re.sub(r"; font-family: [^;\"]*", "", tag)
    # Ids are unique only within one figure, and a page holds several; a hidden tab would lend its own to others.
    return re.sub(r'(\bid="|href="#|url\(#)', lambda found: found.group(1) + own, tag)
