"""Past runs: what was trained, to look at again, to compare, or to start from."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from transfer.errors import TransferError
from transfer.runs.run import Run
from transfer.runs.store import FeatureStore
from transfer.ui import curves, figures, form, run_view
from transfer.ui.context import Context
from transfer.ui.model_tab import ModelTab
from transfer.ui.panels import empty, lead, panel

QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
COLUMNS = ["", "Name", "Photos", "Network", "Begun", "Right on test photos", "State"]


@dataclass(frozen=True)
class RunsTab:
    """Nothing that other tabs need."""


def build(context: Context, chosen: gr.BrowserState, model: ModelTab) -> RunsTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("Past runs", id="runs", render_children=True) as tab:
        gr.HTML(lead("Everything that was trained here. Click a run to see it in all the tabs."))
        nothing = gr.HTML()
        table = gr.Dataframe(
            headers=COLUMNS,
            interactive=False,
            show_label=False,
            wrap=True,
            elem_id="runs",
            visible=False,
            column_widths=["40px", "24%", "18%", "18%", "15%", "13%", "12%"],
        )
        with gr.Row(elem_classes="t-buttons"):
            again = gr.Button("Use its settings for a new run", elem_id="use-settings", visible=False)
        told = gr.HTML(elem_id="runs-told")
        compared = gr.HTML(elem_id="runs-compared")
        with gr.Accordion("Remembered features", open=False, elem_id="remembered"):
            size = gr.HTML(elem_id="remembered-size")
            with gr.Row(elem_classes="t-buttons"):
                clear = gr.Button("Clear", elem_id="clear-remembered")
        ids = gr.State([])
    screen = [ids, nothing, table, again, compared]

    def look(run_id: str) -> list[Any]:
        runs = context.workspace.runs()
        words = "" if runs else empty("Nothing has been trained yet. Your runs will be listed here.")
        newest = {f"{run.name} · {_when(run)}": run.history() for run in runs[: curves.MOST_COMPARED]}
        several = curves.compare(newest) if len(runs) > 1 else ""
        return [
            [run.id for run in runs],
            words,
            gr.Dataframe(rows(runs, run_id), visible=bool(runs)),
            gr.Button(visible=bool(runs)),
            several,
        ]

    def pick(listed: list[str], event: gr.SelectData) -> Any:
        row = event.index[0]
        return listed[row] if row < len(listed) else gr.skip()

    def fill(run_id: str) -> list[Any]:
        run = context.run(run_id)
        if run is None:
            return [empty("Click a run first."), *[gr.skip()] * len(model.fields)]
        try:
            values = form.to_components(run.config)
        except TransferError:
            return [gr.skip()] * (1 + len(model.fields))
        words = "Look at them in step 2, change what you like, then press Train in step 3."
        return [panel("good", f"The settings of “{run.name}” are in the form.", words), *values]

    gr.on([tab.select, chosen.change], look, chosen, screen, **QUIET)
    table.select(pick, ids, chosen, **QUIET)
    gr.on([tab.select, chosen.change], lambda: remembered(context.workspace.features), None, size, **QUIET)
    clear.click(lambda: cleared(context.workspace.features), None, size, **QUIET)
    again.click(fill, chosen, [told, *model.fields.values()], **QUIET)
    return RunsTab()


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


def rows(runs: list[Run], chosen: str) -> pd.DataFrame:
    """One row per run, newest first; the chosen one is marked."""
    return pd.DataFrame(
        [
            [
                "●" if run.id == chosen else "",
                run.name,
                Path(run.config.photos).name,
                Path(run.config.backbone).stem + (f" {run.config.alpha:g}" if run.config.alpha != 1 else ""),
                _when(run),
                _accuracy(run),
                run_view.STATES[run.status().state],
            ]
            for run in runs
        ],
        columns=COLUMNS,
    )


def _when(run: Run) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(run.created))


def _accuracy(run: Run) -> str:
    metrics = run.metrics()
    return figures.percent(metrics["accuracy"]) if metrics and metrics["split"] == "test" else "–"
