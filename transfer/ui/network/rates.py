"""What a study of learning rates looks like: a curve for each phase, with the rate that is suggested and the one that
is set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from markupsafe import Markup

from transfer.commands.findings import RATES, SettingFindings
from transfer.config import RunConfig
from transfer.drawing import html
from transfer.drawing.panels import muted, panel
from transfer.drawing.svg import FILL, INK, MUTED, VALIDATION, WARM, figure, ruled, svg
from transfer.messages.measurements import LearningRateMeasured
from transfer.setting import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 400, 250  # CSS pixels at scale 1: about the width of a phone
TEXT = 12.5
TITLES = {"head": "The new layers", "fine_tune": "The unfrozen part (fine-tuning)"}
REMARK = (
    "The rate grew from step to step. Where the loss falls fastest (orange) is a good rate; the blue part is where it "
    "falls at all. Beyond it, corrections overshoot. The dashed line is what is set now."
)


def show(found: SettingFindings, config: RunConfig) -> Markup:
    """The curves measured so far, with the rates that are set in `config`."""
    tests = found.rates
    if not tests:
        return html.NOTHING
    said = " ".join(_said(test, getattr(config, RATES[test.phase])) for test in tests)
    level, title = ("good", "Suggested learning rates") if found.settings() else ("info", "No rate stood out")
    figures = (
        html.figure[
            html.figcaption[html.b[TITLES[test.phase]], html.span["loss, lower is better"]],
            plot(test, getattr(config, RATES[test.phase])),
        ]
        for test in tests
    )
    charts = html.div("t-curves t-measured")[html.div("t-charts")[figures]]
    return html.join(panel(level, title, said), charts, muted(REMARK))


def _said(test: LearningRateMeasured, current: float) -> str:
    name = TITLES[test.phase]
    if test.suggestion is None or test.low is None or test.high is None:
        return f"{name}: no rate made the loss fall, so keep {plain(current)}."
    good = f"{plain(test.low)} to {plain(test.high)}"
    if test.low <= current <= test.high:
        now = f"{plain(current)}, which is set, is good too"
    else:
        now = f"{plain(current)}, which is set, is too {'high' if current > test.high else 'low'}"
    return f"{name}: {plain(test.suggestion)} (good: {good}; {now})."


def plot(test: LearningRateMeasured, current: float) -> Markup:
    """Loss over learning rate."""
    drawn = figure(WIDTH, HEIGHT)
    axes = drawn.add_axes((48 / WIDTH, 44 / HEIGHT, 1 - 60 / WIDTH, 1 - 76 / HEIGHT))
    _frame(axes, test, current)
    if test.low is not None and test.high is not None:
        axes.axvspan(test.low, test.high, color=FILL, alpha=0.13, linewidth=0)
    axes.plot(test.rates, test.losses, color=VALIDATION if test.suggestion is None else FILL, linewidth=2.4)
    axes.axvline(current, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
    marks = [(current, f"set: {plain(current)}", INK)]
    if test.suggestion is not None:
        axes.axvline(test.suggestion, color=WARM, linewidth=1.6)
        height = _height(test, test.suggestion)
        axes.plot([test.suggestion], [height], "o", color=WARM, markersize=8, clip_on=False)
        marks.append((test.suggestion, plain(test.suggestion), WARM))
    _mark(axes, marks)
    said = f"{TITLES[test.phase]}: loss over learning rate, from {plain(test.rates[0])} to {plain(test.rates[-1])}. "
    return svg(drawn, said + _said(test, current))


def _mark(axes: Axes, marks: list[tuple[float, str, str]]) -> None:
    """The names of the vertical lines above them, one over the other where they would meet."""
    low, high = axes.get_xlim()
    for number, (rate, text, colour) in enumerate(sorted(marks)):
        right = math.log(rate / low) > 0.5 * math.log(high / low)
        axes.annotate(
            text, (rate, 1.0), xycoords=("data", "axes fraction"), xytext=(4 if not right else -4, 4 + 14 * number),
            textcoords="offset points", horizontalalignment="right" if right else "left", color=colour,
            fontsize=TEXT - 0.5, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _height(test: LearningRateMeasured, rate: float) -> float:
    """The loss at the step nearest to a rate."""
    return min(zip(test.rates, test.losses, strict=True), key=lambda point: abs(math.log(point[0] / rate)))[1]


def _frame(axes: Axes, test: LearningRateMeasured, current: float) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    start = max(test.losses[: max(len(test.losses) // 8, 1)])
    axes.set_xscale("log")
    axes.set_xlim(min(test.rates[0], current / 1.5), max(test.rates[-1], current * 1.5))
    axes.set_ylim(-0.05 * start, 1.6 * start)  # what explodes leaves the picture
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: plain(float(f"{value:.1g}")))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=3))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ruled(axes, TEXT - 0.5)
    axes.set_xlabel("learning rate", color=MUTED, fontsize=TEXT)
