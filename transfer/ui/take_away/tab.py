"""Take the model away, as a zip that runs without Transfer. The prediction server writes and checks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from transfer.errors import TransferError
from transfer.formats import FORMATS
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.shared import html, steps
from transfer.ui.shared.events import QUIET, follow
from transfer.ui.shared.panels import error_panel, facts, lead, muted, panel
from transfer.ui.shared.run_summary import headline, no_model
from transfer.ui.shared.served import served


def take_away_tab(context: Context, chosen: gr.BrowserState) -> None:
    """The tab, inside the `gr.Tabs` that is open."""
    with steps.tab("take") as tab:
        gr.HTML(lead("Take the model with you: a zip with its labels, a description and a small program to use it."))
        which = gr.HTML(elem_id="take-run")
        cards: dict[str, tuple[gr.HTML, gr.Button, gr.DownloadButton]] = {}
        with gr.Row(elem_classes="t-ways"):
            for name, kind in FORMATS.items():
                with gr.Column(elem_classes="t-card", min_width=280):
                    gr.HTML(html.join(html.h3[kind.title], muted(f"For {kind.good_for}")))
                    make = gr.Button("Make the zip", visible="hidden", elem_id=f"make-{name}")
                    load = gr.DownloadButton(
                        "Download", variant="primary", visible="hidden", elem_id=f"download-{name}"
                    )
                    made = gr.HTML(elem_id=f"made-{name}")
                    cards[name] = (made, make, load)
    screen = [which, *(part for parts in cards.values() for part in parts)]

    def look(run_id: str) -> list[Any]:
        run = context.run(run_id)
        if run is None or not run.model_file.is_file():
            nothing = ["", gr.Button(visible="hidden"), gr.DownloadButton(visible="hidden")]
            return [no_model(), *nothing * len(FORMATS)]
        parts = [part for name in FORMATS for part in ready(run, name)]
        return [headline(run), *parts]

    def export(run_id: str, name: str) -> Iterator[list[Any]]:
        run = context.run(run_id)
        if run is None:
            return
        doing = (
            "Writing it, then trying it on your test photos: does the file say what the app says? This takes a minute."
        )
        yield [panel("info", "Being made …", doing), gr.Button(interactive=False), gr.skip()]
        try:
            context.desk.models.export(run_id, name)
        except TransferError as error:
            yield [error_panel(error), gr.Button(interactive=True), gr.skip()]
            return
        yield ready(run, name)

    follow([tab.select, chosen.change], look, chosen, screen, **QUIET)
    for name, (made, make, load) in cards.items():
        make.click(
            lambda run_id, name=name: (yield from export(run_id, name)),
            chosen,
            [made, make, load],
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
    how = html.p["Unzip it, then: ", html.join(*(html.code("t-step")[step] for step in FORMATS[name].use))]
    return [
        html.div("t-made")[facts(pairs), html.p[same], how],
        gr.Button(visible="hidden"),
        gr.DownloadButton("Download the zip", value=served(done.zip), visible=True),
    ]
