"""The page: the steps in order, and what each needs of the others. What a step does is in its own file."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from transfer.ui import api
from transfer.ui.context import Context
from transfer.ui.network import tab as model_tab
from transfer.ui.past_runs import tab as runs_tab
from transfer.ui.photos import tab as photos_tab
from transfer.ui.results import tab as results_tab
from transfer.ui.take_away import tab as take_away_tab
from transfer.ui.train import tab as train_tab
from transfer.ui.try_it import tab as try_tab

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
        api.build(context.desk)
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
