"""What the model's confidence is worth: the reliability diagram and the calibration error, in words."""

from __future__ import annotations

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import muted
from transfer.drawing.svg import INK, LINE, MUTED, VALIDATION, figure, svg
from transfer.runs.metrics import Calibration, ConfidenceBin

SIDE = 300  # CSS pixels


def reliability(calibration: Calibration | None) -> Markup:
    """The section; nothing where an earlier version measured."""
    if calibration is None:
        return html.NOTHING
    told = [html.li[text] for text in dict.fromkeys(map(_sentence, _told(calibration.bins)))]
    return html.join(
        html.h3["How far to believe it when it says how sure it is (reliability diagram)"],
        html.div("t-matrix")[
            html.div(style=f"min-width:{SIDE * 0.85:.0f}px;max-width:{SIDE * 1.2:.0f}px")[_drawn(calibration)],
            html.div[html.ul("t-list")[told], muted(_error(calibration))],
        ],
    )


def _told(bins: tuple[ConfidenceBin, ...]) -> list[ConfidenceBin]:
    """The surest answers, the least sure ones, and those in the middle, the surest first; fewer where there are not."""
    return [bins[place] for place in sorted({len(bins) - 1, len(bins) // 2, 0}, reverse=True)]


def _sentence(each: ConfidenceBin) -> str:
    right = f"it is right {each.accuracy * 100:.0f} of 100 times"
    return f"When it says {sure(each.confidence)}, {right} ({each.photos} photos; {each.low:.0%} to {each.high:.0%})."


def sure(share: float) -> str:
    """A confidence in words: never 100 %, which no number of photos can show."""
    return "more than 99 %" if share > 0.99 else f"{share * 100:.0f} %"


def _error(calibration: Calibration) -> str:
    error, chance = (f"{100 * share:.1f}" for share in (calibration.error, calibration.chance))
    first = "" if calibration.before is None else f" Its first answer was {100 * calibration.before:.1f} points off."
    return (
        f"On average what it says is {error} points from how often it is right (expected calibration error).{first} "
        f"With so few photos, a model that is never wrong about itself would show {chance} by chance."
    )


def _drawn(calibration: Calibration) -> Markup:
    drawn = figure(SIDE, SIDE)
    axes = drawn.add_axes((0.16, 0.15, 0.81, 0.82))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 103)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(length=0, labelsize=11.5, colors=MUTED, pad=5)
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    ticks = range(0, 101, 20)
    axes.set_xticks(ticks, [f"{tick} %" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick} %" for tick in ticks])
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1.4, linestyle=(0, (5, 3)))
    axes.text(40, 44, "as it says", color=MUTED, fontsize=11.5, rotation=45, rotation_mode="anchor")
    for each in calibration.bins:
        axes.plot(
            [100 * each.confidence] * 2, [100 * each.low, 100 * each.high], color=VALIDATION, linewidth=1.6, alpha=0.5
        )
    points = [(100 * each.confidence, 100 * each.accuracy) for each in calibration.bins]
    axes.plot(*zip(*points, strict=True), color=VALIDATION, linewidth=2.2, marker="o", markersize=6)
    axes.set_xlabel("how sure it says it is", color=INK, fontsize=12)
    axes.set_ylabel("how often it is right", color=INK, fontsize=12)
    return svg(drawn, f"How often it is right by how sure it is, in {len(points)} groups of photos.")
