"""Why: which places of a photo spoke for the answer, shown beneath the answers a moment after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands import heat_picture
from transfer.drawing import html
from transfer.drawing.panels import card, error_panel, lead, muted, picture
from transfer.errors import TransferError
from transfer.messages.questions import HeatMaps, PhotoAnswer
from transfer.ui.context import Context
from transfer.ui.shared.events import QUICK, QUIET, follow
from transfer.ui.try_it.words import percents

SIDE = 560  # pixels, of the photo
BEAT = 1.0  # seconds between two looks while heat maps are being made ready
STRENGTH = 100  # per cent, of the colours over the photo at first

# How strongly the colours cover the photo is seen to by the browser alone.
_SLIDE = """
element.addEventListener('input', event => {
  const {type, value} = event.target;
  if (type === 'range') event.target.closest('.t-why').style.setProperty('--strength', value / 100);
});
"""


@dataclass(frozen=True)
class Answered:
    """What a run said about the photos that are shown."""

    run: str = ""
    photos: Sequence[PhotoAnswer] = ()


def why_part(context: Context, answered: gr.State, looked: Sequence[Any], answers: gr.HTML) -> gr.HTML:
    """The part, at this place in the tab; where it is shown.

    Args:
        context: of the page.
        answered: an `Answered`.
        looked: after each of these events an answer that stands alone is explained.
        answers: a click in it on a `why_button` explains that answer.
    """
    shown = gr.HTML(js_on_load=_SLIDE, elem_id="why")
    number, beat = gr.State(0), gr.Timer(BEAT, active=False)
    screen = [shown, number, beat]

    def show(found: Answered, which: int) -> list[Any]:  # its name is taken from endpoints too: not “explain”
        if not 0 <= which < len(found.photos) or found.photos[which].error:
            return ["", 0, gr.Timer(active=False)]
        answer = found.photos[which]
        try:
            classes = [name for name, _ in answer.classes]
            maps = context.desk.models.explain(found.run, answer.path, classes, wait=False)
        except TransferError as error:
            return [error_panel(error), which, gr.Timer(active=False)]
        data = context.desk.photos.thumbnails([Path(answer.path)], SIDE)[0] if maps.maps else None
        return [why(answer, maps, data), which, gr.Timer(active=not maps.ready)]

    def alone(found: Answered) -> list[Any]:
        return show(found, 0 if len(found.photos) == 1 else -1)

    def pick(found: Answered, event: gr.EventData) -> list[Any]:
        return show(found, int(event.why))

    for event in looked:
        event.then(alone, answered, screen, **QUICK)
    answers.click(pick, answered, screen, **QUIET)
    follow([beat.tick], show, [answered, number], screen, **QUIET)
    return shown


def why_button(number: int) -> Markup:
    """The button on the answer of that number."""
    return html.button("t-link", type="button", data_why=number)["What it looked at"]


def why(answer: PhotoAnswer, maps: HeatMaps, photo: str | None) -> Markup:
    """The photo beneath what speaks for each of the classes that were named.

    Args:
        answer: about the photo.
        maps: for its classes.
        photo: made small, as WebP in base64; None: it cannot be read any more.
    """
    if not maps.ready:
        waiting = "Getting ready to show it. That takes some seconds, once for each trained model."
        return card(html.h3["What it looked at"], muted(waiting))
    if maps.error:
        return muted(maps.error["what"])
    if not maps.maps or photo is None:
        return html.NOTHING
    most = heat_picture.strongest(list(maps.maps.values()))
    names, layers = [], []
    for number, (label, share) in enumerate(answer.classes):
        rows = maps.maps[label]
        heat = heat_picture.as_webp(heat_picture.picture(rows, most))
        layers.append(picture(heat, f"Where {label} shows", f"t-heat t-heat-{number}"))
        control = html.control(type="radio", name="t-why-class", value=number, checked=number == 0)
        names.append(html.label[control, html.span[label], html.small[percents(share)]])
    slider = html.control(type="range", min=0, max=100, value=STRENGTH, aria_label="Strength of the colours")
    return card(
        html.div("t-why")[
            html.div("t-why-photo")[picture(photo, Path(answer.path).name), layers],
            html.div[
                html.h3["What it looked at"],
                lead("The lighter a place, the more it speaks for this class rather than another."),
                html.div("t-why-classes", role="radiogroup", aria_label="Class")[names],
                html.label("t-why-strength")[html.span["Colours"], slider],
                muted("A class that hardly any place speaks for stays dark (class activation map)."),
            ],
        ]
    )
