"""Past runs: what was trained, to look at again, to compare, or to start from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.errors import TransferError
from transfer.feature_store.store import FeatureStore
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.network.tab import NetworkTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import curves, form, html, steps
from transfer.ui.shared.events import LISTEN, QUIET
from transfer.ui.shared.panels import card, empty, lead, muted, panel, scrolled
from transfer.ui.shared.quantities import megabytes, percent
from transfer.ui.shared.run_summary import badge

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
        runs = context.desk.runs()
        version = (run_id, [(run.id, run.version()) for run in runs[:LISTED]])
        if version == last_seen:
            return [gr.skip()] * len(screen)
        if not runs:
            hint = empty("Nothing has been trained yet. Your runs will be listed here.")
            return [version, gr.Timer(active=False), hint, gr.Button(visible="hidden"), ""]
        histories = {f"{run.name} · {_when(run)}": run.history() for run in runs[: curves.MOST_COMPARED]}
        begun = {name: history for name, history in histories.items() if len(history)}
        return [
            version,
            gr.Timer(active=any(not run.status().over for run in runs[:LISTED])),
            listing(runs, run_id),
            gr.Button(visible=True),
            card(curves.compare(begun) if len(begun) > 1 else ""),
        ]

    def pick(event: gr.EventData) -> Any:
        run = context.run(str(event.name))
        return run.id if run else gr.skip()

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
    table.click(pick, None, chosen, **QUIET)
    gr.on([tab.select, chosen.change], lambda: remembered(context.desk.workspace.features), None, size, **QUIET)
    clear.click(lambda: cleared(context.desk.workspace.features), None, size, **QUIET)
    again.click(fill, chosen, [taken, photos.path, *network.fields.values()], **QUIET)


def listing(runs: Sequence[Run], chosen: str) -> Markup:
    """The runs as a table, newest first; the chosen one is marked."""
    heads = html.tr[(html.th(scope="col")[name] for name in COLUMNS)]
    rows = (_row(run, run.id == chosen) for run in runs[:LISTED])
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


def _row(run: Run, chosen: bool) -> Markup:
    config, metrics = run.config, run.metrics()
    tested = metrics is not None and metrics.split == "test"
    width = f" {config.alpha:g}" if config.alpha != 1 else ""
    cells = (
        Path(config.photos).name,
        Path(config.backbone).stem + width,
        _when(run),
        percent(metrics.accuracy) if metrics and tested else "–",
    )
    name = html.button(type="button", data_name=run.id)[run.name]
    row = html.tr("t-chosen", aria_current="true") if chosen else html.tr
    return row[html.th(scope="row")[name], (html.td[cell] for cell in cells), html.td[badge(run)]]


def _when(run: Run) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(run.created))
