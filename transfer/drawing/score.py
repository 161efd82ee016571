"""The score of a model: its accuracy with the interval and what guessing would give, and what it is not of."""

from __future__ import annotations

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import muted
from transfer.drawing.quantities import percent
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run


def left_out(run: Run, metrics: Metrics) -> Markup:
    """What the score is not of; nothing where it is of all that there were."""
    total = len(run.dataset.of(metrics.split))
    if metrics.photos >= total:
        return html.NOTHING
    lost = f"{total - metrics.photos} of the {total} {metrics.split} photos"
    return muted(f"{lost} were missing, changed or unreadable when it was measured, and are not in this figure.")


def score_of(metrics: Metrics) -> Markup:
    """The accuracy with its 95 % interval and the baseline beside it."""
    right = round(metrics.accuracy * metrics.photos)
    whose = (
        "photos it never saw"
        if metrics.split == "test"
        else "validation photos (none were kept for a test; these chose the best round, so this is a little too good)"
    )
    low, high, base = metrics.low, metrics.high, metrics.baseline
    at_accuracy, at_base = f"--at:{metrics.accuracy:.4f}", f"--at:{base:.4f}"
    return html.join(
        html.div("t-score")[
            html.div("t-big")[percent(metrics.accuracy)],
            html.div[
                html.p[html.b[f"Right on {right} of {metrics.photos} {whose} (accuracy)."]],
                html.p[f"With other photos of the same kind, expect between {low:.0%} and {high:.0%} (95 % interval)."],
                html.p[f"Always answering “{metrics.baseline_class}” would be right on {base:.0%}."],
            ],
        ],
        html.div("t-interval", style=f"--low:{low:.4f};--high:{high:.4f}", aria_hidden="true")[
            html.i,
            html.b(style=at_accuracy),
            html.u(style=at_base),
            html.span(style=at_base)["guessing"],
            html.span(style=at_accuracy)["this model"],
        ],
    )
