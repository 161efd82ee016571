"""Past runs: what was trained, to look at again, to compare, or to start from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.errors import TransferError
from transfer.feature_store.store import FeatureStore
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.network import view as network_view
from transfer.ui.network.tab import ModelTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.results import figures
from transfer.ui.shared import curves, form
from transfer.ui.shared.panels import empty, lead, panel
from transfer.ui.train import view as run_view

QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
COLUMNS = ("Name", "Photos", "Network", "Begun", "Right on test photos", "State")
BEAT = 3.0  # seconds between two looks while something waits or trains
LISTED = 200  # runs shown, newest first


def build(context: Context, chosen: gr.BrowserState, photos: PhotosTab, model: ModelTab) -> None:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("Past runs", id="runs", render_children=True) as tab:
        gr.HTML(lead("Everything that was trained here. Click a run to see it in all the tabs."))
        with gr.Column(elem_classes="t-card"):
            table = gr.HTML(js_on_load=network_view.LISTEN, elem_id="runs-list")
            again = gr.Button("Use its settings for a new run", elem_id="use-settings", visible="hidden")
        told = gr.HTML(elem_id="runs-told")
        seen, timer = gr.State(None), gr.Timer(BEAT, active=False)
        compared = gr.HTML(elem_id="runs-compared")
        with gr.Accordion("Remembered features", open=False, elem_id="remembered"):
            size = gr.HTML(elem_id="remembered-size")
            with gr.Row(elem_classes="t-buttons"):
                clear = gr.Button("Clear", elem_id="clear-remembered")
    screen = [seen, timer, table, again, compared]

    def look(run_id: str, last_seen: Any) -> list[Any]:
        runs = context.desk.runs()
        version = (run_id, [(run.id, run.version()) for run in runs[:LISTED]])
        if version == last_seen:
            return [gr.skip()] * len(screen)
        if not runs:
            words = "Nothing has been trained yet. Your runs will be listed here."
            return [version, gr.Timer(active=False), empty(words), gr.Button(visible="hidden"), ""]
        histories = {f"{run.name} · {_when(run)}": run.history() for run in runs[: curves.MOST_COMPARED]}
        begun = {name: history for name, history in histories.items() if len(history)}
        several = curves.compare(begun) if len(begun) > 1 else ""
        return [
            version,
            gr.Timer(active=any(not run.status().over for run in runs[:LISTED])),
            listing(runs, run_id),
            gr.Button(visible=True),
            f'<div class="t-card">{several}</div>' if several else "",
        ]

    def pick(event: gr.EventData) -> Any:
        run = context.run(str(event.name))
        return run.id if run else gr.skip()

    def fill(run_id: str) -> list[Any]:
        run = context.run(run_id)
        if run is None:
            return [empty("Click a run first."), gr.skip(), *[gr.skip()] * len(model.fields)]
        try:
            values = form.to_components(run.config)
        except TransferError:
            return [gr.skip()] * (2 + len(model.fields))
        words = "Its photo folder is named in step 1: press “Check photos” there to use these photos, too. Change what "
        words += "you like in step 2, then press Train in step 3."
        return [panel("good", f"The settings of “{run.name}” are in the form.", words), run.config.photos, *values]

    # All of it again whenever the tab is opened: what is sent to a tab that nobody sees may be lost.
    tab.select(lambda run_id: look(run_id, None), chosen, screen, **QUIET)
    gr.on([chosen.change, timer.tick], look, [chosen, seen], screen, **QUIET)
    table.click(pick, None, chosen, **QUIET)
    gr.on([tab.select, chosen.change], lambda: remembered(context.desk.workspace.features), None, size, **QUIET)
    clear.click(lambda: cleared(context.desk.workspace.features), None, size, **QUIET)
    again.click(fill, chosen, [told, photos.path, *model.fields.values()], **QUIET)


def listing(runs: Sequence[Run], chosen: str) -> str:
    """The runs as a table, newest first; the chosen one is marked."""
    heads = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "".join(_row(run, run.id == chosen) for run in runs[:LISTED])
    more = f'<p class="t-muted">and {len(runs) - LISTED} older ones</p>' if len(runs) > LISTED else ""
    return (
        '<div class="t-scroll t-tall"><table class="t-table t-plain t-networks t-runs"><thead><tr>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )


def remembered(store: FeatureStore) -> str:
    """How much of the disk is taken by what networks said about photos."""
    about = "What frozen layers said about your photos, so that the next run over the same photos starts at once."
    size, cap = megabytes(store.size()), megabytes(store.cap_bytes)
    return f'<p>Remembered features: {size} of {cap}.</p><p class="t-muted">{about}</p>'


def cleared(store: FeatureStore) -> str:
    """Throw it away, except what a run uses right now, and say so."""
    done = store.clear()
    words = f"{megabytes(done.bytes)} freed."
    if done.in_use:
        words += " What the run in training uses was kept."
    return panel("good", words) + remembered(store)


def megabytes(size: int) -> str:
    """A number of bytes as people say it."""
    return f"{size / 1e9:.1f} GB".replace(".0 GB", " GB") if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _row(run: Run, chosen: bool) -> str:
    config, metrics, state = run.config, run.metrics(), run.status().state
    tested = metrics is not None and metrics.split == "test"
    width = f" {config.alpha:g}" if config.alpha != 1 else ""
    cells = (
        Path(config.photos).name,
        Path(config.backbone).stem + width,
        _when(run),
        figures.percent(metrics.accuracy) if metrics and tested else "–",
    )
    name = f'<button type="button" data-name="{escape(run.id)}">{escape(run.name)}</button>'
    plain = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    badge = f'<td><span class="t-state t-{state}">{run_view.STATES[state]}</span></td>'
    mark = ' class="t-chosen" aria-current="true"' if chosen else ""
    return f'<tr{mark}><th scope="row">{name}</th>{plain}{badge}</tr>'


def _when(run: Run) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(run.created))
