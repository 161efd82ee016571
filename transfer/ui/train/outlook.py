"""What a run will take, beside the button that starts it, and what would fit where that is more than there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.commands.outlook import OFFERED, Outlook
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.drawing import html
from transfer.drawing.panels import bar, error_panel, notices, shown
from transfer.errors import TransferError
from transfer.runs.progress import duration, left
from transfer.ui.network.tab import NetworkTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared.checking import Watched
from transfer.ui.shared.events import QUIET, follow

USUAL = 30.0  # seconds that measuring takes, about


def outlook_of_it(
    desk: Desk,
    place: gr.HTML,
    measure: gr.Button,
    again: Sequence[Any],
    photos: PhotosTab,
    network: NetworkTab,
) -> None:
    """Show it in a place of the tab, and let settings that would fit be taken over there.

    Args:
        measure: tries it first, until it is known or a run begins.
        again: events after which it is another, besides those of the settings and the photos.
    """
    offered = [network.fields[name] for name in (*OFFERED, "alpha")]

    def look(dataset: Dataset | None, given: dict[str, Any]) -> list[Any]:
        if dataset is None:
            return ["", gr.Button(visible="hidden")]
        try:
            found = desk.outlooks.of({**given, "photos": dataset.root}, dataset)
        except TransferError:  # the plan says it
            return ["", gr.Button(visible="hidden")]
        return [outlook(found), gr.Button(visible=shown(not found.estimate.measured))]

    def try_it(dataset: Dataset | None, given: dict[str, Any]) -> Iterator[list[Any]]:
        if dataset is None:
            return
        settings = {**given, "photos": dataset.root}
        try:
            trying = Watched(lambda tell: desk.outlooks.measured(settings, dataset, look=lambda: tell(0, 0)))
            for done in trying.watch():
                yield [tried_for(done.seconds), gr.Button(interactive=False)]
            assert trying.result is not None
            yield [outlook(trying.result), gr.Button(visible="hidden", interactive=True)]
        except TransferError as error:
            yield [error_panel(error), gr.Button(interactive=True)]

    def take(event: gr.EventData) -> list[Any]:
        """A setting that would fit is taken over, by a click on it."""
        name, value = str(getattr(event, "setting", "")), getattr(event, "value", None)
        if name not in OFFERED:
            return [gr.skip()] * len(offered)
        if name == "backbone":
            return [gr.skip(), None, value, 1.0]
        return [int(str(value)) if each == name else gr.skip() for each in (*OFFERED, "alpha")]

    about = [photos.dataset, network.settings]
    follow([photos.dataset.change, *again, network.settings.change], look, about, [place, measure], **QUIET)
    measure.click(try_it, about, [place, measure], **QUIET)
    place.click(take, None, offered, **QUIET)


def outlook(found: Outlook) -> Markup:
    """What it will take, what there is too little of, and a button for each setting that would fit."""
    rows = html.dl("t-summary")[((html.dt[name], html.dd[text]) for name, text in found.rows())]
    buttons = (
        html.button("t-offer", type="button", data_setting=name, data_value=str(value))[f"Use {_said(name, value)}"]
        for offer in found.offers
        for name, value in list(offer.items())[:1]
    )
    return html.join(rows, notices(found.notices()), html.div("t-offers")[buttons] if found.offers else "")


def tried_for(seconds: float) -> Markup:
    """How long it has been tried, and what is left of what that usually takes."""
    said = left(USUAL - seconds) or f"{duration(seconds)} so far; large networks and slow machines take longer"
    return bar("Trying a few photos and rounds, to see what it takes", min(seconds / USUAL, 0.95), said)


def _said(name: str, value: Any) -> str:
    label = RunConfig.settings()[name].label
    return f"{value}" if name == "backbone" else f"{label}: {value}"
