"""Past runs: what was trained, to look at again, to compare, or to start from."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.errors import TransferError
from transfer.feature_store.store import FeatureStore
from transfer.runs.job import shortened
from transfer.runs.run import LONGEST_NAME, Run
from transfer.runs.status import ALIVE
from transfer.runs.summary import DAMAGED, Summary
from transfer.ui.context import Context
from transfer.ui.network.tab import NetworkTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import curves, form, html, steps
from transfer.ui.shared.events import LISTEN, QUIET
from transfer.ui.shared.panels import card, empty, error_panel, lead, muted, panel, scrolled
from transfer.ui.shared.quantities import megabytes, percent
from transfer.ui.shared.run_summary import state_badge

COLUMNS = ("Name", "Photos", "Network", "Begun", "Right on test photos", "State")
BEAT = 3.0  # seconds between two looks while something waits or trains
LISTED = 200  # runs shown, newest first


def past_runs_tab(context: Context, chosen: gr.BrowserState, photos: PhotosTab, network: NetworkTab) -> None:
    """The tab, inside the `gr.Tabs` that is open."""
    with steps.tab("runs") as tab:
        gr.HTML(lead("Everything that was trained here. Click a run to see it in all the tabs."))
        with gr.Column(elem_classes="t-card"):
            table = gr.HTML(js_on_load=LISTEN, elem_id="runs-list")
            again = gr.Button("Use its settings for a new run", elem_id="use-settings", visible="hidden")
        taken = gr.HTML(elem_id="runs-told")
        version_shown, timer = gr.State(None), gr.Timer(BEAT, active=False)
        compared = gr.HTML(elem_id="runs-compared")
        with gr.Accordion("Remembered features", open=False, elem_id="remembered"):
            size = gr.HTML(elem_id="remembered-size")
            with gr.Row(elem_classes="t-buttons"):
                clear = gr.Button("Clear", elem_id="clear-remembered")
    screen = [version_shown, timer, table, again, compared]

    def look(run_id: str, last_seen: Any) -> list[Any]:
        runs = context.desk.summaries()
        version = hash((run_id, *runs))
        if version == last_seen:
            return [gr.skip()] * len(screen)
        if not runs:
            hint = empty("Nothing has been trained yet. Your runs will be listed here.")
            return [version, gr.Timer(active=False), hint, gr.Button(visible="hidden"), ""]
        begun = _histories(each for each in runs if each.status != DAMAGED)
        return [
            version,
            gr.Timer(active=any(each.status in ALIVE | {"queued"} for each in runs)),
            listing(runs, run_id),
            gr.Button(visible=True),
            card(curves.compare(begun) if len(begun) > 1 else ""),
        ]

    def pick(event: gr.EventData) -> list[Any]:
        try:
            return [context.desk.run(str(event.name)).id, ""]
        except TransferError as error:
            return [gr.skip(), error_panel(error)]

    def fill(run_id: str) -> list[Any]:
        run = context.run(run_id)
        if run is None:
            return [empty("Click a run first."), gr.skip(), *[gr.skip()] * len(network.fields)]
        try:
            values = form.to_components(run.config)
        except TransferError:
            return [gr.skip()] * (2 + len(network.fields))
        following = (
            f"Its photo folder is named in {steps.step('photos')}: press “Check photos” there to use these photos, "
            f"too. Change what you like in {steps.step('network')}, then press Train in {steps.step('train')}."
        )
        return [panel("good", f"The settings of “{run.name}” are in the form.", following), run.config.photos, *values]

    # All of it again whenever the tab is opened: what is sent to a tab that nobody sees may be lost.
    tab.select(lambda run_id: look(run_id, None), chosen, screen, **QUIET)
    gr.on([chosen.change, timer.tick], look, [chosen, version_shown], screen, **QUIET)
    table.click(pick, None, [chosen, taken], **QUIET)
    gr.on([tab.select, chosen.change], lambda: remembered(context.desk.workspace.features), None, size, **QUIET)
    clear.click(lambda: cleared(context.desk.workspace.features), None, size, **QUIET)
    again.click(fill, chosen, [taken, photos.path, *network.fields.values()], **QUIET)


def _histories(runs: Iterable[Summary]) -> dict[str, Any]:
    """The curves of the newest runs that have begun, by the name of each."""
    found = {}
    for each in itertools.islice(runs, curves.MOST_COMPARED):
        with contextlib.suppress(TransferError):  # gone since it was listed
            history = Run(Path(each.run)).history()
            if len(history):
                found[f"{each.name} · {_when(each)}"] = history
    return found


def listing(runs: Sequence[Summary], chosen: str) -> Markup:
    """The runs as a table, newest first; the chosen one is marked."""
    heads = html.tr[(html.th(scope="col")[name] for name in COLUMNS)]
    rows = (_row(run, Path(run.run).name == chosen) for run in runs[:LISTED])
    table = html.table("t-table t-plain t-networks t-runs")[html.thead[heads], html.tbody[rows]]
    more = muted(f"and {len(runs) - LISTED} older ones") if len(runs) > LISTED else ""
    return html.join(scrolled(table, "t-tall"), more)


def remembered(store: FeatureStore) -> Markup:
    """How much of the disk is taken by what networks said about photos."""
    about = "What frozen layers said about your photos, so that the next run over the same photos starts at once."
    taken = f"Remembered features: {megabytes(store.size())} of {megabytes(store.cap_bytes)}."
    return html.join(html.p[taken], muted(about))


def cleared(store: FeatureStore) -> Markup:
    """Throw it away, except what a run uses right now, and say so."""
    done = store.clear()
    title = f"{megabytes(done.bytes)} freed."
    if done.in_use:
        title += " What the run in training uses was kept."
    return html.join(panel("good", title), remembered(store))


def _row(run: Summary, chosen: bool) -> Markup:
    width = f" {run.alpha:g}" if run.alpha != 1 else ""
    cells = (
        shortened(Path(run.photos).name, LONGEST_NAME),
        shortened(Path(run.backbone).stem + width, LONGEST_NAME),
        _when(run),
        percent(run.test_accuracy),
    )
    name = html.button(type="button", data_name=Path(run.run).name)[run.name]
    why = muted(run.message) if run.status == DAMAGED else ""
    row = html.tr("t-chosen", aria_current="true") if chosen else html.tr
    return row[html.th(scope="row")[name, why], (html.td[cell] for cell in cells), html.td[state_badge(run.status)]]


def _when(run: Summary) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(run.created))
