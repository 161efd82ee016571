"""Step 6: take the model away, as a zip that runs without Transfer. The helper process writes and checks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from transfer.errors import TransferError
from transfer.formats import FORMATS
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.shared.panels import empty, error_panel, facts, lead, panel
from transfer.ui.shared.served import served
from transfer.ui.train import view as run_view

QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None}


def build(context: Context, chosen: gr.BrowserState) -> None:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("6 Take away", id="take", render_children=True) as tab:
        gr.HTML(lead("Take the model with you: a zip with its labels, a description and a small program to use it."))
        which = gr.HTML(elem_id="take-run")
        cards: dict[str, tuple[gr.HTML, gr.Button, gr.DownloadButton]] = {}
        with gr.Row(elem_classes="t-ways"):
            for name, kind in FORMATS.items():
                with gr.Column(elem_classes="t-card", min_width=280):
                    gr.HTML(f"<h3>{kind.title}</h3><p class='t-muted'>For {kind.good_for}</p>")
                    make = gr.Button("Make the zip", visible="hidden", elem_id=f"make-{name}")
                    load = gr.DownloadButton(
                        "Download", variant="primary", visible="hidden", elem_id=f"download-{name}"
                    )
                    words = gr.HTML(elem_id=f"made-{name}")
                    cards[name] = (words, make, load)
    screen = [which, *(part for parts in cards.values() for part in parts)]

    def look(run_id: str) -> list[Any]:
        run = context.run(run_id)
        if run is None or not run.model_file.is_file():
            words = "There is no trained model yet: train one in step 3, or choose one in “Past runs”."
            nothing = ["", gr.Button(visible="hidden"), gr.DownloadButton(visible="hidden")]
            return [empty(words), *nothing * len(FORMATS)]
        parts = [part for name in FORMATS for part in ready(run, name)]
        return [run_view.headline(run, run.status()), *parts]

    def export(run_id: str, name: str) -> Iterator[list[Any]]:
        run = context.run(run_id)
        if run is None:
            return
        told = (
            "Writing it, then trying it on your test photos: does the file say what the app says? This takes a minute."
        )
        yield [panel("info", "Being made …", told), gr.Button(interactive=False), gr.skip()]
        try:
            context.desk.export(run_id, name)
        except TransferError as error:
            yield [error_panel(error), gr.Button(interactive=True), gr.skip()]
            return
        yield ready(run, name)

    gr.on([tab.select, chosen.change], look, chosen, screen, api_visibility="private", **QUIET)
    for name, (words, make, load) in cards.items():
        make.click(
            lambda run_id, name=name: (yield from export(run_id, name)),
            chosen,
            [words, make, load],
            api_visibility="private",
            **QUIET,
        )


def ready(run: Run, name: str) -> list[Any]:
    """Updates for one format's card: what is there, or how to get it."""
    done = run.exported(name)
    if done is None:
        return ["", gr.Button("Make the zip", visible=True, interactive=True), gr.DownloadButton(visible="hidden")]
    pairs = [(f"{done.megabytes:.1f} MB", "zip")]
    if done.parity.milliseconds_per_photo:
        pairs.append((f"{done.parity.milliseconds_per_photo:.0f} ms", "per photo, on this machine"))
    off = done.parity.max_difference
    close = "to six digits" if off < 1e-6 else f"largest difference of a probability: {off:.6f}"
    same = f"Tried on {done.parity.photos} of your photos: the file gives the same answers as the app ({close})."
    how = "Unzip it, then: <code>pip install -r requirements.txt</code>, <code>python predict.py photo.jpg</code>"
    return [
        f"<div class='t-made'>{facts(pairs)}<p>{same}</p><p>{how}</p></div>",
        gr.Button(visible="hidden"),
        gr.DownloadButton("Download the zip", value=served(done.zip), visible=True),
    ]
