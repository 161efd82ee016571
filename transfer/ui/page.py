"""The page: the steps in order, and what each needs of the others. What a step does is in its own file."""

from __future__ import annotations

import importlib
from typing import Any

import gradio as gr

from transfer.ui import model_tab, photos_tab
from transfer.ui.context import Context

TITLE = "Transfer"


def build(context: Context) -> gr.Blocks:
    """The whole page. Each tab file makes its own `gr.Tab` and names the buttons that lead to other tabs (`go`)."""
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.HTML(
            '<header class="t-header"><h1>Transfer</h1>'
            "<p>Teach a network that already knows how to see to tell your own photos apart.</p></header>"
        )
        # What the browser remembers is only there in time when it is outside of the tabs.
        chosen = context.remembered("run", "")
        folder = context.remembered("photos", "")
        settings = context.remembered("settings", {})
        with gr.Tabs(elem_id="steps") as tabs:
            photos = photos_tab.build(context, folder)
            model = model_tab.build(context, photos, settings)
            built = [photos, model]
            for name, more in [
                ("train_tab", (photos, model, chosen)),
                ("results_tab", (chosen,)),
                ("try_tab", (chosen,)),
                ("take_away_tab", (chosen,)),
                ("runs_tab", (chosen, model)),
            ]:
                try:
                    tab: Any = importlib.import_module(f"transfer.ui.{name}")
                except ModuleNotFoundError:
                    continue
                built.append(tab.build(context, *more))
        for tab in built:
            for destination, button in getattr(tab, "go", {}).items():
                button.click(
                    lambda destination=destination: gr.Tabs(selected=destination),
                    outputs=tabs,
                    queue=False,
                    show_progress="hidden",
                    api_visibility="private",
                )
    return page
