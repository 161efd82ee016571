"""Take the model away, as a zip that runs without Transfer. The prediction server writes and checks it.

What was made, what is being made and what failed is in the run's folder of exports, so a reload or a second browser
shows the same; the page looks again every second as long as something is being made.
"""

from __future__ import annotations

import time
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import bar, card, error_panel, lead, muted, shown
from transfer.errors import TransferError
from transfer.formats import FORMATS
from transfer.runs.exported import ExportedModel
from transfer.runs.loading import Loading
from transfer.runs.making import STEPS, Making
from transfer.runs.progress import duration
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.shared import steps
from transfer.ui.shared.events import QUIET, follow
from transfer.ui.shared.run_summary import headline, no_model
from transfer.ui.shared.served import served
from transfer.ui.take_away.comparison import comparison
from transfer.ui.take_away.hub import hub_panel

CARD = 4  # components a card is made of
BEAT = 1.0  # seconds between two looks while something is being made
LEAD = (
    "Take the model with you: a zip with its labels, a description and a small program to use it. Before you get it, "
)


def take_away_tab(context: Context, chosen: gr.BrowserState) -> None:
    """The tab, inside the `gr.Tabs` that is open."""
    models = context.desk.models
    cards: dict[str, tuple[gr.HTML, gr.Button, gr.Button, gr.DownloadButton]] = {}
    with steps.tab("take") as tab:
        gr.HTML(lead(LEAD + "the file itself is run on your test photos and compared with the app."))
        which = gr.HTML(elem_id="take-run")
        trouble = gr.HTML(elem_id="take-trouble")
        compared = gr.HTML(elem_id="take-compared")
        with gr.Row(elem_classes="t-ways"):
            for name, kind in FORMATS.items():
                with gr.Column(elem_classes="t-card", min_width=280):
                    gr.HTML(html.join(html.h3[kind.title], muted(f"For {kind.good_for}")))
                    made = gr.HTML(elem_id=f"made-{name}")
                    load = gr.DownloadButton(
                        "Download the zip", variant="primary", visible="hidden", elem_id=f"download-{name}"
                    )
                    with gr.Row(elem_classes="t-buttons"):
                        make = gr.Button("Make the zip", visible="hidden", elem_id=f"make-{name}")
                        stop = gr.Button("Stop", variant="stop", visible="hidden", elem_id=f"stop-{name}")
                    cards[name] = (made, make, stop, load)
        hub_panel(context, chosen)
        seen, timer = gr.State(None), gr.Timer(BEAT, active=False)
    screen = [seen, timer, which, compared, *(part for parts in cards.values() for part in parts)]

    def look(run_id: str, last_seen: Any = None) -> list[Any]:
        run = context.run(run_id)
        if run is None or not run.model_file.is_file():
            hidden = ["", *[gr.Button(visible="hidden")] * 2, gr.DownloadButton(visible="hidden")]
            coming = run is not None and run.status().alive
            return [None, gr.Timer(active=coming), no_model(run), "", *hidden * len(FORMATS)]
        made = {name: done for name in FORMATS if (done := run.exported(name))}
        making = {each.format: each for each in models.making(run)}
        versions = {name: (_written(made.get(name)), _told(making.get(name))) for name in FORMATS}
        last: dict[str, Any] = last_seen[1] if last_seen and last_seen[0] == run_id else {}
        # A card is sent only when something changed: with a file, that is read whole each time.
        parts = [
            part
            for name in FORMATS
            for part in (
                [gr.skip()] * CARD
                if versions[name] == last.get(name)
                else _card(name, made.get(name), making.get(name))
            )
        ]
        same = {name: each[0] for name, each in versions.items()} == {name: each[0] for name, each in last.items()}
        busy = any(each.error is None for each in making.values())
        table = gr.skip() if same else card(comparison(made), _loading(run))
        return [(run_id, versions), gr.Timer(active=busy), headline(run), table, *parts]

    def begin(run_id: str, name: str) -> Markup:
        try:
            models.begin_export(run_id, name)
        except TransferError as error:
            return error_panel(error)
        return html.NOTHING

    def end(run_id: str, name: str) -> Markup:
        models.stop_export(run_id, name)
        return html.NOTHING

    # All of it again whenever the tab is opened: what is sent to a tab that nobody sees may be lost.
    tab.select(look, chosen, screen, **QUIET)
    follow([chosen.change, timer.tick], look, [chosen, seen], screen, **QUIET)
    for name, (_, make, stop, _) in cards.items():
        for button, act in ((make, begin), (stop, end)):
            button.click(lambda run_id, name=name, act=act: act(run_id, name), chosen, trouble, **QUIET).then(
                look, [chosen, seen], screen, **QUIET
            )


def _loading(run: Run) -> Markup:
    """How often the answer changes when other programs load the photos their way, once that was measured."""
    loading = Loading.read(run.evaluation_dir)
    return muted(loading.in_words()) if loading and loading.photos else html.NOTHING


def _written(made: ExportedModel | None) -> int | None:
    return made.zip.stat().st_mtime_ns if made else None


def _told(making: Making | None) -> Any:
    """What changes on a card while its export is made: something each second, once it is at work."""
    return making and (making.step, making.began, making.done, making.step != "wait" and round(_age(making)))


def _age(making: Making) -> float:
    return 0.0 if making.error else time.time() - making.began


def _card(name: str, made: ExportedModel | None, making: Making | None) -> list[Any]:
    """Updates for one format's card: what is there, how far it is, or how to get it."""
    kind, busy = FORMATS[name], making is not None and making.error is None
    missing = kind.extra.missing if kind.extra else []
    parts: list[Any] = []
    if making is not None:
        parts.append(error_panel(making.as_error) if making.as_error else _progress(making))
    if made is not None:
        parts.append(_made(name, made))
    elif missing and kind.extra:
        parts.append(muted("Its converter is not installed. In Transfer's folder:"))
        parts.append(html.p[html.code[kind.extra.command]])
    again = "Make it again" if made else "Make the zip"
    return [
        html.join(*parts),
        gr.Button(again, visible=shown(not busy), interactive=not missing),
        gr.Button(visible=shown(busy)),
        gr.DownloadButton(f"Download the zip ({made.megabytes:.1f} MB)", value=served(made.zip), visible=True)
        if made
        else gr.DownloadButton(visible="hidden"),
    ]


def _progress(making: Making) -> Markup:
    if not making.total:
        since = "" if making.step == "wait" else f" {duration(_age(making))}"
        return html.p("t-now", aria_live="polite")[STEPS[making.step] + since]
    left = f", about {duration(making.seconds_left)} left" if making.seconds_left else ""
    said = f"{making.done} of {making.total}{left}"
    return html.join(
        html.p("t-now", aria_live="polite")[STEPS[making.step]], bar("Photos", making.done / making.total, said)
    )


def _made(name: str, made: ExportedModel) -> Markup:
    """What the card says; the figures are in the table above the cards."""
    parity = made.parity
    close = f"no probability is off by more than {parity.off}"
    same = f"Tried on {parity.photos:,} of your photos: the file gives the same answers as the app ({close})."
    if parity.mark or parity.tolerance is None:
        same = parity.mark or f"Tried on {parity.photos:,} of your photos; {close}."
    uses = ((", " if number else "", html.code[step]) for number, step in enumerate(FORMATS[name].use))
    how = html.p["Unzip it, then: ", uses]
    return html.div("t-made")[html.p("t-fix" if parity.mark else "")[same], how]
