"""The bin: runs that were thrown away, to be put back or to go for good."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import muted, table
from transfer.drawing.quantities import counted, megabytes
from transfer.runs.job import when
from transfer.runs.run import Run
from transfer.runs.summary import Summary


def contents(runs: Sequence[Run]) -> Markup:
    """What is in it, and how much of the disk that takes."""
    if not runs:
        return muted("The bin is empty.")
    summaries = [Summary.of(run) for run in runs]
    rows = (
        [
            summary.name,
            when(summary.created),
            megabytes(summary.size),
            html.button("t-back", type="button", data_back=run.id)["Put back"],
        ]
        for run, summary in zip(runs, summaries, strict=True)
    )
    total = megabytes(sum(summary.size for summary in summaries))
    taken = html.p[f"{counted(len(runs), 'run')}, {total} on the disk, until the bin is emptied."]
    return html.join(taken, table(("Run", "Begun", "On the disk", ""), rows))
