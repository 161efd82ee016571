"""Step 2: the network, how much of it stays frozen, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

import gradio as gr
from gradio.components import Component

from transfer.config import RunConfig
from transfer.ui import form
from transfer.ui.context import Context
from transfer.ui.photos_tab import PhotosTab


@dataclass(frozen=True)
class ModelTab:
    """What other tabs need of this one: a component per RunConfig field except `photos`."""

    fields: dict[str, Component]
    go: dict[str, gr.Button] = field(default_factory=dict)


def build(context: Context, photos: PhotosTab) -> ModelTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("2 Network", id="network"):
        fields = {name: form.component(name) for name in RunConfig.settings() if name != "photos"}
        following = gr.Button("Next: train", variant="primary")
    return ModelTab(fields, {"train": following})
