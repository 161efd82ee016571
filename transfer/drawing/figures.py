"""The results of a run as pictures and tables: per-class scores and the confusion matrix. Drawn from its metrics."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import scrolled, table
from transfer.drawing.svg import FILL, INK, LINE, MUTED, ON_FILL, PANEL, WARM, figure, svg
from transfer.runs.metrics import ClassMetrics

MOST_NUMBERED = 40  # classes up to which each cell still says its number
LONGEST_NAME = 20  # characters of a class name beside the matrix


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str], *, pressable: bool = False) -> Markup:
    """The confusion matrix, which scrolls sideways where the page is too narrow to read it.

    Args:
        counts: photos by true class (rows) and predicted class (columns).
        classes: their names.
        pressable: whether each cell with photos is a button.
    """
    from matplotlib.patches import Rectangle

    photos = np.asarray(counts, dtype=int)
    names = [shortened(name) for name in classes]
    number = len(names)
    cell = 64 if number <= 5 else 44 if number <= 10 else 30 if number <= 20 else 24
    text = 13 if number <= 20 else 11
    margin = 14 + max(map(_columns, names)) * text * 0.56
    slanted = number > 3 or margin - 8 > cell  # names that would run into each other
    left, top = margin + 22, margin * (0.72 if slanted else 0) + (46 if slanted else 50)
    width, height = left + number * cell + (margin * 0.5 if slanted else 26), top + number * cell + 6
    drawn = figure(width, height)
    axes = drawn.add_axes((left / width, 6 / height, number * cell / width, number * cell / height))
    axes.set_xlim(0, number)
    axes.set_ylim(number, 0)
    axes.axis("off")

    shares = photos / np.maximum(photos.sum(axis=1, keepdims=True), 1)
    ground: dict[str, Any] = {"facecolor": LINE, "alpha": 0.18, "linewidth": 0, "clip_on": False}
    axes.add_patch(Rectangle((0, 0), number, number, **ground))
    for row in range(number):
        for column in range(number):
            colour = FILL if row == column else WARM
            if not photos[row, column]:
                continue
            share = float(shares[row, column])
            axes.add_patch(
                Rectangle((column, row), 1, 1, facecolor=colour, alpha=0.16 + 0.84 * share, linewidth=0, clip_on=False)
            )
            axes.text(
                column + 0.5,
                row + 0.5,
                str(photos[row, column]),
                color=ON_FILL if share > 0.55 else INK,
                fontsize=text if cell < 60 else 16,
                fontweight="bold" if row == column else "normal",
                horizontalalignment="center",
                verticalalignment="center_baseline",
            )
    for line in range(number + 1):
        axes.plot([0, number], [line, line], color=PANEL, linewidth=1.5, clip_on=False)
        axes.plot([line, line], [0, number], color=PANEL, linewidth=1.5, clip_on=False)
    for place, name in enumerate(names):
        text_style: dict[str, Any] = {"color": INK, "fontsize": text, "parse_math": False}
        axes.text(-8 / cell, place + 0.5, name, ha="right", va="center_baseline", **text_style)
        if slanted:
            axes.text(
                place + 0.5, -7 / cell, name, ha="left", va="bottom", rotation=45, rotation_mode="anchor", **text_style
            )
        else:
            axes.text(place + 0.5, -8 / cell, name, ha="center", va="bottom", **text_style)
    title_style: dict[str, Any] = {"color": MUTED, "fontsize": 12}
    axes.text(number / 2, -(top - 16) / cell, "what the model said", ha="center", va="center", **title_style)
    axes.text(-(left - 9) / cell, number / 2, "what it is", ha="center", va="center", rotation=90, **title_style)
    right, total = int(np.trace(photos)), int(photos.sum())
    label = f"Confusion matrix of {number} classes: {right} of {total} photos on the diagonal, where right."
    cells = html.NOTHING
    if pressable:
        cells = html.join(
            html.rect(
                x=f"{left + column * cell:.1f}", y=f"{top + row * cell:.1f}", width=cell, height=cell,
                fill="transparent", role="button", tabindex=0, data_cell=f"{row} {column}",
                aria_label=f"{said(photos, classes, row, column)}: show them",
            )[html.title[said(photos, classes, row, column)]]
            for row, column in np.argwhere(photos).tolist()
        )  # fmt: skip
    picture = svg(drawn, label, over=cells, role="group" if pressable else "img")
    widest = f"min-width:{width * 0.86:.0f}px;max-width:{width * 1.25:.0f}px"
    return scrolled(html.div(style=widest)[picture])


def confusions(
    counts: Sequence[Sequence[int]], classes: Sequence[str], most: int = 5
) -> list[tuple[str, tuple[int, int]]]:
    """The commonest mistakes as sentences, e.g. "3 of 40 ants were taken for bees", each with its cell."""
    photos = np.asarray(counts, dtype=int)
    wrong = [(i, j) for i, j in np.argwhere(photos).tolist() if i != j]
    wrong.sort(key=lambda cell: (-photos[cell], *cell))
    return [(said(photos, classes, *cell), cell) for cell in wrong[:most]]


def said(photos: np.ndarray, classes: Sequence[str], row: int, column: int) -> str:
    """What a cell of the confusion matrix says."""
    count = photos[row, column]
    were = "was" if count == 1 else "were"
    how = "recognised" if row == column else f"taken for “{classes[column]}”"
    return f"{count} of {photos[row].sum()} “{classes[row]}” {were} {how}"


def scores(classes: Sequence[ClassMetrics], *, sortable: bool = False) -> Markup:
    """Precision, recall and F1 of each class, weakest class first."""
    heads = (
        ("Class", ""),
        ("Photos", "it was tested on"),
        ("Found", "of those photos, how many it recognised (recall)"),
        ("Trustworthy", "when it says this class, how often that is right (precision)"),
        ("Together", "both in one number, near the lower one (F1 score)"),
    )
    rows = (
        (each.name, each.photos, _bar(each.recall), _bar(each.precision), _bar(each.f1))
        for each in sorted(classes, key=lambda each: each.f1)
    )
    return table(heads, rows, "t-scores", sortable=sortable)


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """A name cut in the middle, where two long names differ least."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - longest // 3 - 1]}…{name[-(longest // 3) :]}"


def _columns(name: str) -> float:
    """How wide a name is, in letters: Chinese, Japanese and Korean characters, and pictures, are nearly two."""
    return sum(1.8 if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in name)


def _bar(share: float | None) -> Markup:
    if share is None or not np.isfinite(share):
        return Markup("–")
    return html.join(html.span("t-bar", style=f"--share:{share:.3f}"), f"{share:.0%}")
