"""The formats a run was exported in, side by side: a table, and right answers over milliseconds and megabytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import muted, table
from transfer.drawing.quantities import percent
from transfer.drawing.svg import FILL, INK, MUTED, ON_FILL, WARM, figure, ruled, svg
from transfer.formats import FORMATS
from transfer.runs.exported import ExportedModel, Parity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 420, 270  # CSS pixels at scale 1: about the width of a phone
TEXT = 12.5
LARGEST, MARK = 44.0, 17.0  # pixels across the disc of the largest model, and what a number takes
UNKNOWN = "–"
HEADS = (
    ("", ""),
    ("Format", ""),
    ("Model", "megabytes"),
    ("A photo", "milliseconds"),
    ("The first", "milliseconds, loading included"),
    ("Right", "of the photos it was tried on"),
    ("As the app", "photos given the same class"),
    ("Off by", "a probability from the app’s, at most"),
)


def comparison(made: Mapping[str, ExportedModel]) -> Markup:
    """What was made, by its name in FORMATS; nothing before anything was."""
    if not made:
        return html.NOTHING
    numbers = {name: number for number, name in enumerate(made, start=1)}
    rows = [_row(numbers[name], name, each.parity) for name, each in made.items()]
    most = max(each.parity.photos for each in made.values())  # shares of other photos would not be comparable
    timed = [
        (numbers[name], name, each.parity)
        for name, each in made.items()
        if _timed(each.parity) and each.parity.photos == most
    ]
    picture = html.NOTHING
    if len(timed) > 1:
        caption = html.figcaption[html.b["How often right, how fast, how large"]]
        picture = html.div("t-curves")[html.figure[caption, plot(timed)]]
    remark = (
        "Each file was run by its own program, in a process of its own, on your test photos. Milliseconds are of the "
        "network alone, one photo at a time, on this machine. A figure that is missing, or of a few photos only, is "
        "measured on all of them when you make that zip again."
    )
    return html.join(picture, table(HEADS, rows, "t-measured", names=1), muted(remark))


def _timed(parity: Parity) -> bool:
    return parity.steady_milliseconds is not None and parity.accuracy is not None


def _row(number: int, name: str, parity: Parity) -> list[html.Content]:
    kind = FORMATS[name]
    mark = html.span("t-badge t-warning", title=parity.mark)["not as exact"] if parity.mark else ""
    return [
        number,
        [kind.title, mark, muted(f"for {kind.place}")],
        _number(parity.model_megabytes, 1),
        _number(parity.steady_milliseconds, 1),
        _number(parity.first_milliseconds, 0),
        _right(parity),
        UNKNOWN if parity.agreement is None else f"{parity.agreement:.1%} of {parity.photos:,}",
        parity.off,
    ]


def _number(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def _right(parity: Parity) -> str:
    """The share of photos it gets right, and how that differs from the app's."""
    if parity.accuracy is None or parity.app_accuracy is None:
        return UNKNOWN
    points = 100 * (parity.accuracy - parity.app_accuracy)
    beside = "as the app" if abs(points) < 0.05 else f"{points:+.1f} points"
    return f"{percent(parity.accuracy)} of {parity.photos:,} ({beside})"


# ---------------------------------------------------------------------- the plot


def plot(timed: Sequence[tuple[int, str, Parity]]) -> Markup:
    """Right answers over milliseconds, on discs as large as the models; numbers are those of the table."""
    drawn = figure(WIDTH, HEIGHT)
    axes = drawn.add_axes((52 / WIDTH, 44 / HEIGHT, 1 - 70 / WIDTH, 1 - 60 / HEIGHT))
    _frame(axes, [parity for *_, parity in timed])
    largest = max(parity.model_megabytes or 0.0 for *_, parity in timed) or 1.0
    placed: list[tuple[float, float]] = []
    for number, _, parity in timed:
        x, y = parity.steady_milliseconds or 0.0, parity.accuracy or 0.0
        beside, above = axes.transData.transform((x, y))
        while any(abs(beside - other) < MARK and abs(above - height) < MARK for other, height in placed):
            above += MARK  # many formats are as good and as fast as each other: their numbers stand in a pile
        placed.append((beside, above))
        pile = axes.transData.inverted().transform((beside, above))[1]
        colour = WARM if parity.mark else FILL
        across = LARGEST * ((parity.model_megabytes or 0.0) / largest) ** 0.5
        axes.plot([x], [y], "o", color=colour, alpha=0.25, markersize=across, markeredgewidth=0, clip_on=False)
        axes.plot([x], [pile], "o", color=colour, markersize=MARK - 2, clip_on=False)
        axes.annotate(
            str(number), (x, pile), color=ON_FILL, fontsize=TEXT - 2, fontweight="bold",
            horizontalalignment="center", verticalalignment="center_baseline",
        )  # fmt: skip
    said = "; ".join(
        f"{number} {FORMATS[name].title}: {percent(parity.accuracy or 0.0)} right, "
        f"{parity.steady_milliseconds:.1f} milliseconds, {parity.model_megabytes or 0.0:.1f} megabytes"
        for number, name, parity in timed
    )
    return svg(drawn, f"Right answers over milliseconds a photo. {said}.")


def _frame(axes: Axes, shown: Sequence[Parity]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    times = [parity.steady_milliseconds or 0.1 for parity in shown]
    shares = [parity.accuracy or 0.0 for parity in shown]
    margin = max(0.02, 0.35 * (max(shares) - min(shares)))
    axes.set_xscale("log")
    axes.set_xlim(min(times) / 1.5, max(times) * 1.5)
    axes.set_ylim(min(shares) - margin, max(shares) + margin)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}" if value <= 1 else "")
    ruled(axes, TEXT)
    axes.set_xlabel("milliseconds a photo on this machine; discs: megabytes", color=MUTED, fontsize=TEXT)
    axes.annotate("right", (0, 1.02), xycoords="axes fraction", color=INK, fontsize=TEXT - 1)
