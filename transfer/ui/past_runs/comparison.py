"""Runs side by side: their curves over each other, the settings that differ, and whether the results do."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from transfer.config import RunConfig
from transfer.drawing import curves, html
from transfer.drawing.panels import card, error_panel, muted, table
from transfer.drawing.quantities import percent
from transfer.errors import TransferError
from transfer.runs.comparison import MOST, Comparison
from transfer.runs.job import when
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run
from transfer.runs.summary import Summary


def side_by_side(runs: Sequence[Summary], marked: Sequence[str]) -> Markup:
    """Those that are marked in detail; else the curves of the newest, and how to mark some."""
    chosen = [each for each in runs if Path(each.run).name in marked]
    if len(chosen) < 2:
        begun = _histories(runs)
        hint = muted(
            "Mark two or more runs (☐) to see what is different about them, and whether it is more than chance."
        )
        return card(curves.compare(dict(begun)), hint) if len(begun) > 1 else html.NOTHING
    try:
        compared = Comparison.of([Run(Path(each.run)) for each in chosen[:MOST]])
    except TransferError as error:
        return error_panel(error)
    title = html.h3["The runs you marked"]
    more = muted(f"Only the newest {MOST} of those marked are compared.") if len(chosen) > MOST else html.NOTHING
    drawn = curves.compare(dict(_histories(chosen[:MOST])))
    verdicts = html.ul("t-list")[(html.li[str(pair)] for pair in compared.pairs)] if compared.pairs else html.NOTHING
    return card(title, more, drawn, _table(compared), verdicts)


def _table(compared: Comparison) -> Markup:
    """A column a run; the results first, then the settings that are not the same."""
    settings = RunConfig.settings()
    rows = [["Right answers (95 % interval)", *map(_result, compared.metrics)]]
    rows += [[settings[name].label, *map(settings[name].said, values)] for name, values in compared.differing.items()]
    same = html.NOTHING if compared.differing else muted("All their settings are the same.")
    return html.join(table(["", *compared.names], rows), same)


def _result(metrics: Metrics | None) -> str:
    if metrics is None:
        return "not measured"
    where = "" if metrics.split == "test" else ", on validation photos"
    return f"{percent(metrics.accuracy)} ({metrics.low:.0%} to {metrics.high:.0%}{where})"


def _histories(runs: Sequence[Summary]) -> list[tuple[str, Any]]:
    """The curves of those that have begun, each with a name that no other has."""
    found = []
    for each in runs:
        with contextlib.suppress(TransferError):  # gone since it was listed
            history = Run(Path(each.run)).history()
            if len(history):
                found.append((f"{each.name} · {when(each.created)}", history))
        if len(found) == curves.MOST_COMPARED:
            break
    return found
