"""Put the model on the Hugging Face Hub: a fold below the formats. The token is only handed on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import error_panel, muted, panel
from transfer.errors import TransferError
from transfer.ui.context import Context
from transfer.ui.shared.events import QUIET

ABOUT = (
    "Your account on the Hugging Face Hub gets the Keras model with its labels, its description and the program to use "
    "it. Nothing is sent before you press the button, and your photos are not sent at all. What the network computed "
    "from up to 1,000 of your training photos (features, in trust.npz) is sent: with it the program knows photos that "
    "are unlike them, and whoever sees the model has it too. Of a photo it shows roughly what is on it."
)
TOKEN = "The token is made on huggingface.co under Settings, Access Tokens, with the right to write. It is not kept."


def hub_panel(context: Context, chosen: gr.BrowserState) -> None:
    """The fold, inside the tab that is open."""
    kept = TOKEN + (" Empty: that of HF_TOKEN." if os.environ.get("HF_TOKEN") else "")
    with gr.Column(elem_classes="t-card"), gr.Accordion("Share it on the Hugging Face Hub", open=False, elem_id="hub"):
        gr.HTML(html.join(muted(ABOUT), muted(kept)))
        with gr.Row():
            to = gr.Textbox(label="Repository", placeholder="your-name/flowers", min_width=240, elem_id="hub-to")
            token = gr.Textbox(label="Your token", type="password", min_width=240, elem_id="hub-token")
        with gr.Row():
            public = gr.Checkbox(label="Everybody may see it", min_width=240, elem_id="hub-public")
            demo = gr.Checkbox(label="Also a Space with the web page", min_width=240, elem_id="hub-demo")
        with gr.Row(elem_classes="t-buttons"):
            push = gr.Button("Put it there", elem_id="hub-push")
        said = gr.HTML(elem_id="hub-said")

    def hand_over(run_id: str, to: str, token: str, public: bool, demo: bool) -> Iterator[list[Any]]:
        doing = "What is not made yet is made and checked first; then it is sent."
        yield [panel("info", "On its way …", doing), gr.Button(interactive=False), ""]
        try:
            pushed = context.desk.hub.push(run_id, to.strip(), token, public=public, demo=demo)
            done = html.join(html.p[_link(each)] for each in (pushed.model, pushed.demo) if each)
            answer: Any = html.div("t-panel t-good", role="status")[html.strong["It is there."], done]
        except TransferError as error:
            answer = error_panel(error)
        yield [answer, gr.Button(interactive=True), ""]  # the field is emptied, whatever came of it

    push.click(hand_over, [chosen, to, token, public, demo], [said, push, token], **QUIET)


def _link(address: str) -> Markup:
    return html.a(href=address, target="_blank", rel="noopener noreferrer")[address]
