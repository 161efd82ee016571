"""The curves of a run: how accuracy and loss moved, round by round. Drawn from `Run.history()` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.quantities import percent
from transfer.drawing.svg import INK, MUTED, TRAIN, VALIDATION, figure, ruled, svg

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 400, 270  # CSS pixels at scale 1: about the width of a phone
TEXT = 12.5
MOST_HOVERED = 150  # rounds whose numbers are said to a resting pointer; more would weigh too much every second
MEASURES = {
    "accuracy": ("Right answers (accuracy)", "higher is better"),
    "loss": ("Error (loss)", "lower is better"),
}
# Told apart by dash and by number as well as by colour.
COMPARED = (
    ("var(--t-train)", "solid"),
    ("var(--t-val)", (0, (6, 2))),
    ("var(--t-good)", (0, (2, 1.5))),
    ("var(--t-stop)", (0, (6, 2, 1, 2))),
    ("var(--t-muted)", (0, (1, 1))),
)
MOST_COMPARED = len(COMPARED)
_COMPARED_SENTINELS = (TRAIN, VALIDATION, "#02b001", "#02b002", MUTED)


def curves(history: pd.DataFrame, planned: int | None = None, marks: Sequence[tuple[int, str]] = ()) -> Markup:
    """Both charts with their legend side by side or stacked as the page is wide; nothing before the first round.

    Args:
        history: one row per epoch, as `Run.history` gives it.
        planned: epochs the run would have without early stopping, to leave room for those still to come.
        marks: what was changed, a few words, and the first epoch that it was in force in.
    """
    if history.empty:
        figure(WIDTH, HEIGHT)  # loads Matplotlib while there is something else to wait for
        return html.NOTHING
    legend = html.div("t-legend")[
        html.span[html.i("t-key-val"), "photos it has not learned from (validation)"],
        html.span[html.i("t-key-train"), "photos it learns from (training)"],
        html.span[html.i("t-key-best"), "best round, the one that is kept"],
    ]
    charts = (
        html.figure[html.figcaption[html.b[title], html.span[better]], chart(history, measure, planned, marks)]
        for measure, (title, better) in MEASURES.items()
    )
    return html.div("t-curves")[legend, html.div("t-charts")[charts]]


def chart(
    history: pd.DataFrame, measure: str, planned: int | None = None, marks: Sequence[tuple[int, str]] = ()
) -> Markup:
    """One chart (`accuracy` or `loss`) as SVG: training, validation, fine-tuning and changes, the best round."""
    steps = history["step"].to_numpy(dtype=float)
    training = _numbers(history[measure])
    validation = _numbers(history[f"val_{measure}"])
    drawn, axes = _axes(measure, last=max(int(steps[-1]), planned or 0))
    _limit(axes, measure, np.concatenate([training, validation]))

    dots = "o" if len(steps) <= 40 else ""
    axes.plot(steps, training, color=TRAIN, linewidth=1.8, linestyle=(0, (4, 2)), marker=dots, markersize=3)
    axes.plot(steps, validation, color=VALIDATION, linewidth=2.6, marker=dots, markersize=4)
    _ends(axes, measure, steps[-1], training[-1], validation[-1])

    begins = fine_tuning_begins(history)
    told = [*([(begins, "fine-tuning")] if begins is not None else []), *marks]
    for row, (step, text) in enumerate(told):
        if step <= steps[-1] + 1:  # nothing is said of epochs that never came
            _mark(axes, measure, step - 0.5, text, row)
    best = best_step(history)
    if best is not None:
        height = validation[np.flatnonzero(steps == best)[0]]
        if np.isfinite(height):
            axes.plot(
                [best],
                [height],
                "o",
                markersize=11,
                markerfacecolor="none",
                color=INK,
                markeredgewidth=1.6,
                clip_on=False,
            )
    about = description(history, measure) + "".join(f" From round {step} on: {text}." for step, text in marks)
    return svg(drawn, about, over=_hover(axes, history, measure))


def compare(histories: Mapping[str, pd.DataFrame]) -> Markup:
    """The validation curves of several runs over each other, at most `MOST_COMPARED`, under a legend of their names."""
    shown = [(name, table) for name, table in histories.items() if not table.empty][:MOST_COMPARED]
    if not shown:
        return html.NOTHING
    keys = []
    for number, (name, table) in enumerate(shown):
        colour, dash = COMPARED[number]
        heights = _numbers(table["val_accuracy"])
        highest = np.nanmax(heights) if np.isfinite(heights).any() else float("nan")
        dashes = None if isinstance(dash, str) else " ".join(f"{2 * length:g}" for length in dash[1])
        line = html.line(x1=0, y1=5, x2=26, y2=5, style=f"stroke:{colour};stroke-width:3", stroke_dasharray=dashes)
        key = html.svg(width=26, height=10, aria_hidden="true")[line]
        keys.append(html.span[key, html.span[html.b[percent(highest)], " at best · ", name]])
    charts = (
        html.figure[html.figcaption[html.b[title], html.span[better]], _compared(shown, measure)]
        for measure, (title, better) in MEASURES.items()
    )
    about = html.p("t-muted")["On photos that they have not learned from (validation)."]
    return html.div("t-curves")[html.div("t-legend t-names")[keys], html.div("t-charts")[charts], about]


def _compared(shown: Sequence[tuple[str, pd.DataFrame]], measure: str) -> Markup:
    drawn, axes = _axes(measure, last=max(int(table["step"].iloc[-1]) for _, table in shown))
    _limit(axes, measure, np.concatenate([_numbers(table[f"val_{measure}"]) for _, table in shown]))
    for number, (_, table) in enumerate(shown):
        heights, dash = _numbers(table[f"val_{measure}"]), COMPARED[number][1]
        axes.plot(table["step"], heights, color=_COMPARED_SENTINELS[number], linewidth=2.2, linestyle=dash)
    colours = {sentinel: colour for sentinel, (colour, _) in zip(_COMPARED_SENTINELS, COMPARED, strict=True)}
    return svg(drawn, f"Validation {measure} of " + ", ".join(name for name, _ in shown), colours)


def description(history: pd.DataFrame, measure: str) -> str:
    """What a chart shows, for those who cannot see it."""
    last = history.iloc[-1]
    text = (
        f"{MEASURES[measure][0]} over {len(history)} rounds. Now {_value(measure, last[measure])} on training photos, "
        f"{_value(measure, last[f'val_{measure}'])} on validation photos."
    )
    begins, best = fine_tuning_begins(history), best_step(history)
    text += f" Fine-tuning begins with round {begins}." if begins is not None else ""
    return text + (f" Best round: {best}." if best is not None else "")


def fine_tuning_begins(history: pd.DataFrame) -> int | None:
    """The first round of fine-tuning, counted over the whole run; None when there was none or nothing before it."""
    rounds = history.loc[history["phase"] == "fine_tune", "step"]
    return None if rounds.empty or len(rounds) == len(history) else int(rounds.iloc[0])


def best_step(history: pd.DataFrame) -> int | None:
    """The round whose weights are kept: the last one that was better than all before it."""
    rounds = history.loc[history["best"].fillna(False).astype(bool), "step"]
    return None if rounds.empty else int(rounds.iloc[-1])


# ---------------------------------------------------------------------- drawing


def _axes(measure: str, last: int) -> tuple[Figure, Axes]:
    from matplotlib.ticker import MaxNLocator

    drawn = figure(WIDTH, HEIGHT)
    left, bottom, top, right = 46, 40, 12, 58
    axes = drawn.add_axes((left / WIDTH, bottom / HEIGHT, 1 - (left + right) / WIDTH, 1 - (bottom + top) / HEIGHT))
    ruled(axes, TEXT)
    axes.set_xlim(0.5, max(last, 2) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    if measure == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    else:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("round (epoch)", color=MUTED, fontsize=TEXT)
    return drawn, axes


def _limit(axes: Axes, measure: str, heights: np.ndarray) -> None:
    """Room for all values; one exploding round must not flatten all the others into a line."""
    heights = heights[np.isfinite(heights)]
    if measure == "accuracy":
        low = float(heights.min()) if heights.size else 0.0
        axes.set_ylim(max(0.0, np.floor(low * 10 - 0.5) / 10), 1.02)
        return
    high = float(heights.max()) if heights.size else 1.0
    usual = float(np.quantile(heights, 0.75)) if heights.size else 1.0
    axes.set_ylim(0, max(min(high, 4 * usual) * 1.08, 1e-3))


def _mark(axes: Axes, measure: str, at: float, text: str, row: int) -> None:
    """A line down the chart and what happened there, where no curve is likely to be; each text in a row of its own."""
    axes.axvline(at, color=MUTED, linewidth=1.2, linestyle=(0, (2, 2)))
    room_right = at < np.mean(axes.get_xlim())
    below = measure == "accuracy"
    axes.annotate(
        text if room_right or "→" in text else f"{text} →",
        (at, 0.0 if below else 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4 if room_right else -4, (7 if below else -13) + (1 if below else -1) * row * (TEXT + 1)),
        textcoords="offset points",
        horizontalalignment="left" if room_right else "right",
        color=MUTED,
        fontsize=TEXT - 1,
    )


def _ends(axes: Axes, measure: str, step: float, training: float, validation: float) -> None:
    """The newest values at the ends of the lines, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    apart = (TEXT + 2) / (HEIGHT - 52) * (high - low)
    ends = sorted(
        (value, colour) for value, colour in ((validation, VALIDATION), (training, TRAIN)) if np.isfinite(value)
    )
    heights = [min(value, high) for value, _ in ends]
    if len(ends) == 2 and (missing := apart - (heights[1] - heights[0])) > 0:
        heights = [heights[0] - missing / 2, heights[1] + missing / 2]
    for height, (value, colour) in zip(heights, ends, strict=True):
        axes.annotate(
            _value(measure, value),
            (step, height),
            xytext=(8, 0),
            textcoords="offset points",
            verticalalignment="center",
            color=colour,
            fontsize=TEXT,
            fontweight="bold",
            annotation_clip=False,
        )


def _hover(axes: Axes, history: pd.DataFrame, measure: str) -> Markup:
    """Over each round a strip that is not seen and says its numbers to a pointer that rests there."""
    if len(history) > MOST_HOVERED:
        return html.NOTHING
    box, strips = axes.bbox, []
    columns = history[["step", "phase", measure, f"val_{measure}"]]
    for step, phase, training, validation in columns.itertuples(index=False):
        left, right = axes.transData.transform([(step - 0.5, 0), (step + 0.5, 0)])[:, 0]
        strip = html.rect(
            x=f"{left:.1f}", y=f"{HEIGHT - box.y1:.0f}", width=f"{right - left:.1f}", height=f"{box.height:.0f}",
            fill="none", pointer_events="all",
        )  # fmt: skip
        numbers = f"{_value(measure, training)} on training photos, {_value(measure, validation)} on validation photos"
        strips.append(strip[html.title[f"Round {step}{', fine-tuning' * (phase == 'fine_tune')}: {numbers}"]])
    return html.join(strips)


def _value(measure: str, value: object) -> str:
    number = float(value) if value is not None else float("nan")  # type: ignore[arg-type]
    if not np.isfinite(number):
        return "–"
    if measure == "accuracy":
        return percent(number)
    return f"{number:.3g}" if number >= 0.1 else f"{number:.3f}" if number >= 0.001 else "< 0.001"


def _numbers(column: pd.Series) -> np.ndarray:
    import pandas as pd  # half of what a command would import otherwise

    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
