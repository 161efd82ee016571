"""The page: the steps in order, and what each needs of the others. What a step does is in its own file."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from transfer.drawing import html
from transfer.ui import api, entrance
from transfer.ui.context import Context
from transfer.ui.network.tab import network_tab
from transfer.ui.past_runs.tab import past_runs_tab
from transfer.ui.photos.tab import photos_tab
from transfer.ui.results.tab import results_tab
from transfer.ui.shared import steps
from transfer.ui.shared.events import PRESSES, QUICK
from transfer.ui.take_away.tab import take_away_tab
from transfer.ui.train.tab import train_tab
from transfer.ui.try_it.tab import try_tab

TITLE = "Transfer"


def build(context: Context) -> gr.Blocks:
    """The whole page. Each tab file makes its own `gr.Tab` and names the buttons that lead to other tabs (`go`)."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        purpose = "Teach a network that already knows how to see to tell your own photos apart."
        gr.HTML(html.header("t-header")[html.h1[TITLE], html.p[purpose]], js_on_load=PRESSES)
        # What the browser remembers is only there in time when it is outside of the tabs.
        chosen = context.remembered("run", "")
        folder = context.remembered("photos", "")
        settings = context.remembered("settings", {})
        with gr.Tabs(elem_id="steps", overflow_behavior="wrap"):
            photos = photos_tab(context, folder, settings)
            network = network_tab(context, photos, settings)
            train = train_tab(context, photos, network, chosen)
            results = results_tab(context, chosen)
            trying = try_tab(context, chosen)
            take_away_tab(context, chosen)
            past_runs_tab(context, chosen, photos, network)
        api.build(context.desk)
        for tab in (photos, network, train, results, trying):
            _lead(tab.go)
    entrance.guard(page)
    # Gradio's queue looks a thousand times a second whether somebody waits: a twelfth of a core, day and night.
    page._queue.sleep_when_free, page._queue.progress_update_sleep_when_free = 0.01, 0.1
    return page


def get_ready() -> None:
    """Import what Gradio would only import when the first event comes, which then is answered at once."""
    import matplotlib.pyplot  # noqa: F401


def _lead(go: Mapping[str, gr.Button]) -> None:
    """Make buttons open the tabs they are named for."""
    for destination, button in go.items():
        button.click(None, js=steps.opening(destination), **QUICK)
