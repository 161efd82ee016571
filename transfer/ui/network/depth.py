"""What a study of depth looks like: which depth to take and why, and the table of all. Made of its events alone."""

from __future__ import annotations

from markupsafe import Markup

from transfer.advice.depth import NAMES, gain
from transfer.commands.findings import SettingFindings
from transfer.config import RunConfig
from transfer.drawing import html
from transfer.drawing.panels import muted, panel, table
from transfer.drawing.quantities import percent, readable
from transfer.messages.measurements import DepthMeasured
from transfer.runs.progress import duration
from transfer.setting import plain

HEADS = ("What may change", "Right", "95 % interval", "Points gained", "Adjusted", "Learning rate", "Took")


def show(found: SettingFindings, config: RunConfig) -> Markup:
    """The depths measured so far; `config` is not asked."""
    measured, advice = found.depths, found.depth
    if not measured:
        return html.NOTHING
    best = html.NOTHING
    if advice is not None:
        best = panel("good", f"Recommended: {NAMES[advice.best.blocks]}", advice.reason)
    rows = (_row(each, measured[0], advice is not None and advice.best is each) for each in measured)
    remark = (
        f"Short runs on {len(measured[0].right):,} of your photos, each of which was named by a run that learned from "
        "the others; test photos were not looked at. Each depth had the learning rate that was found best for it."
    )
    return html.join(best, table(HEADS, rows, "t-measured"), muted(remark))


def _row(depth: DepthMeasured, head: DepthMeasured, recommended: bool) -> list[html.Content]:
    mark = html.span("t-badge t-good")["recommended"] if recommended else html.NOTHING
    gained, adjusted, rate = "–", "–", "–"
    if depth.blocks:
        found = gain(depth.right, head.right)
        low, high = (f"{100 * share:+.1f}" for share in (found.low, found.high))
        gained, adjusted = f"{100 * found.share:+.1f} ({low} to {high})", readable(depth.parameters)
        rate = plain(depth.fine_tune_learning_rate) if depth.fine_tune_learning_rate else "–"
    name = NAMES[depth.blocks]
    return [
        [name[0].upper() + name[1:], " ", mark],
        percent(depth.accuracy),
        f"{percent(depth.low)} to {percent(depth.high)}",
        gained,
        adjusted,
        rate,
        duration(depth.training_seconds),
    ]
