"""The runs as a table, and which of them: searched, sorted, starred."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import empty, muted, scrolled
from transfer.drawing.quantities import megabytes, percent
from transfer.runs.job import shortened, when
from transfer.runs.notes import LONGEST_NAME
from transfer.runs.summary import DAMAGED, Summary
from transfer.ui.shared.run_summary import state_badge

COLUMNS = ("Name", "Photos", "Network", "Begun", "Right on test photos", "On disk", "State")
LISTED = 200  # runs shown
NOTED = 160  # characters of a note shown in the table

# How they can be sorted, by what is said in the page.
ORDERS: dict[str, Callable[[Summary], Any]] = {
    "Newest first": lambda run: -run.created,
    "Oldest first": lambda run: run.created,
    "Best on test photos first": lambda run: -(run.test_accuracy if run.test_accuracy is not None else -1.0),
    "By name": lambda run: run.name.casefold(),
    "By network": lambda run: (Path(run.backbone).stem.casefold(), run.alpha),
    "Largest on disk first": lambda run: -run.size,
}


def chosen_from(runs: Sequence[Summary], search: str, order: str, starred: bool) -> list[Summary]:
    """The runs with all words of a search in name, note, photos, network or state, in an order."""
    words = search.casefold().split()
    found = [run for run in runs if run.starred or not starred]
    if words:
        found = [run for run in found if all(word in _text(run) for word in words)]
    return sorted(found, key=ORDERS.get(order, ORDERS["Newest first"]))


def _text(run: Summary) -> str:
    return "\n".join([run.name, run.note, run.photos, run.backbone, run.status]).casefold()


def listing(runs: Sequence[Summary], chosen: str, compared: Sequence[str] = ()) -> Markup:
    """The runs as a table; the chosen one is marked, and those that are compared have a tick."""
    if not runs:
        return empty("No run is like that. Change what is searched for.")
    heads = html.tr[(html.th(scope="col")[name] for name in COLUMNS)]
    rows = (_row(run, Path(run.run).name == chosen, Path(run.run).name in compared) for run in runs[:LISTED])
    table = html.table("t-table t-plain t-networks t-runs")[html.thead[heads], html.tbody[rows]]
    more = muted(f"and {len(runs) - LISTED} more") if len(runs) > LISTED else ""
    return html.join(scrolled(table, "t-tall"), more)


def _row(run: Summary, chosen: bool, compared: bool) -> Markup:
    width = f" {run.alpha:g}" if run.alpha != 1 else ""
    cells = (
        shortened(Path(run.photos).name, LONGEST_NAME),
        shortened(Path(run.backbone).stem + width, LONGEST_NAME),
        when(run.created),
        percent(run.test_accuracy),
        megabytes(run.size),
    )
    folder = Path(run.run).name
    tick = html.button(type="button", data_compare=folder, aria_pressed=str(compared).lower(), title="Compare")
    star = html.button(type="button", data_star=folder, aria_pressed=str(run.starred).lower(), title="Star")
    marks = html.span("t-marks")[tick["☑" if compared else "☐"], star["★" if run.starred else "☆"]]
    name = html.button(type="button", data_name=folder)[run.name]
    about = muted(shortened(run.note, NOTED)) if run.note else html.NOTHING
    if run.status == DAMAGED:
        about = html.join(muted(run.message), html.button(type="button", data_delete=folder)["Delete"])
    state = [state_badge(run.status)]
    if run.pausable and run.status in {"queued", "running"}:
        state.append(html.button(type="button", data_pause=folder)["Pause"])
    elif run.status in {"paused", "interrupted"}:
        state.append(html.button(type="button", data_resume=folder)["Go on"])
    row = html.tr("t-chosen", aria_current="true") if chosen else html.tr
    first = html.th(scope="row")[marks, name, about]
    return row[first, (html.td[cell] for cell in cells), html.td[state]]
