"""Step 1: the photos come in, are checked, and are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import gradio as gr

from transfer.ui.context import Context


@dataclass(frozen=True)
class PhotosTab:
    """What other tabs need of this one."""

    folder: gr.Textbox
    summary: gr.State
    go: dict[str, gr.Button] = field(default_factory=dict)


def build(context: Context) -> PhotosTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("1 Photos", id="photos"):
        folder = gr.Textbox(visible=False)
        summary = gr.State({})
        following = gr.Button("Next: choose a network", variant="primary")
    return PhotosTab(folder, summary, {"network": following})
