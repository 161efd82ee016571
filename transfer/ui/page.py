"""The page: the steps in order, and what each needs of the others. What a step does is in its own file."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from transfer.ui import api, model_tab, photos_tab, results_tab, runs_tab, take_away_tab, train_tab, try_tab
from transfer.ui.context import Context

TITLE = "Transfer"


def build(context: Context) -> gr.Blocks:
    """The whole page. Each tab file makes its own `gr.Tab` and names the buttons that lead to other tabs (`go`)."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.HTML(
            '<header class="t-header"><h1>Transfer</h1>'
            "<p>Teach a network that already knows how to see to tell your own photos apart.</p></header>"
        )
        # What the browser remembers is only there in time when it is outside of the tabs.
        chosen = context.remembered("run", "")
        folder = context.remembered("photos", "")
        settings = context.remembered("settings", {})
        with gr.Tabs(elem_id="steps", overflow_behavior="wrap") as tabs:
            photos = photos_tab.build(context, folder)
            model = model_tab.build(context, photos, settings)
            train = train_tab.build(context, photos, model, chosen)
            results = results_tab.build(context, chosen)
            trying = try_tab.build(context, chosen)
            take_away_tab.build(context, chosen)
            runs_tab.build(context, chosen, photos, model)
        api.build(context)
        for tab in (photos, model, train, results, trying):
            _lead(tab.go, tabs)
    return page


def _lead(go: Mapping[str, gr.Button], tabs: gr.Tabs) -> None:
    """Make buttons open the tabs they are named for."""
    for destination, button in go.items():
        button.click(
            lambda destination=destination: gr.Tabs(selected=destination),
            outputs=tabs,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
