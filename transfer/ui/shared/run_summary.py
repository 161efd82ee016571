"""What every tab says of the run that it shows: its name, its state, its curves."""

from __future__ import annotations

import time
from typing import Any

from markupsafe import Markup

from transfer.dataset.corrections import in_words
from transfer.drawing import html
from transfer.drawing.curves import curves
from transfer.drawing.panels import empty
from transfer.messages.events import EpochEnded
from transfer.runs.changes import briefly
from transfer.runs.run import Run
from transfer.runs.summary import DAMAGED
from transfer.ui.shared import steps

STATES = {
    "queued": "waiting",
    "running": "training",
    "stopping": "stopping",
    "pausing": "pausing",
    "paused": "paused",
    "interrupted": "interrupted",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
    DAMAGED: "damaged",
}


def headline(run: Run) -> Markup:
    """The run's name, its state, and when it began."""
    when = time.strftime("%d %b, %H:%M", time.localtime(run.created))
    made = run.dataset.corrections
    return html.div("t-headline")[
        html.b[run.name], badge(run), html.span[when], html.span[in_words(made)] if made else None
    ]


def badge(run: Run) -> Markup:
    """The run's state in a word."""
    return state_badge(run.status().state)


def state_badge(state: str) -> Markup:
    """A state in a word."""
    return html.span(f"t-state t-{state}")[STATES[state]]


def charts_version(run: Run) -> tuple[Any, ...]:
    """Changes whenever the curves do."""
    return run.id, len(run.log.all(EpochEnded)), len(run.changes()), _planned(run)


def _planned(run: Run) -> int | None:
    """The rounds that it may come to, while there are any to come."""
    return run.config_at().total_epochs if run.status().alive else None


def charts(run: Run) -> Markup:
    """The curves, with room for the rounds still to come while it trains, and where something was changed."""
    marks = [(change.step, text) for change in run.changes() for text in briefly(change)]
    return curves(run.history(), _planned(run), marks)


def no_model(run: Run | None) -> Markup:
    """What stands where a model would be used, before the chosen run has one."""
    if run is not None and run.status().alive:
        if run.metrics_file.exists():
            return empty(f"The model of “{run.name}” is being written and checked; it will be here in a moment.")
        return empty(f"“{run.name}” is still training. Its model will be here when it has finished.")
    choices = f"train one in {steps.step('train')}, or choose one in {steps.step('runs')}"
    return empty(f"There is no trained model yet: {choices}.")
