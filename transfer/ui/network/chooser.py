"""The part of the network tab where the network is chosen: from the list, from the comparison, or a `.keras` file.

Also here: what can be used instead when a network's weights are neither on this machine nor within reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from transfer.commands.networks import Networks
from transfer.config import RunConfig
from transfer.door.uploads import LIMITS
from transfer.drawing import html
from transfer.drawing.panels import error_panel, muted, shown
from transfer.errors import TransferError, WeightsError
from transfer.networks import weights
from transfer.networks.backbones import BACKBONES, Backbone, backbone
from transfer.networks.custom import is_custom
from transfer.ui.network import view
from transfer.ui.network.networks import Offer, offers, width
from transfer.ui.shared.events import LISTEN, QUIET
from transfer.ui.shared.form import Field

OFFERS = 4  # buttons for what could be used instead


@dataclass(frozen=True)
class Chooser:
    """The components of this part that are filled from outside.

    Attributes:
        card: what is said about the chosen network.
        missing: shown when its weights cannot be had, with buttons for what could be used instead.
    """

    card: gr.HTML
    missing: gr.HTML
    buttons: list[gr.Button]
    offered: gr.State
    comparison: gr.HTML
    custom_path: gr.Textbox
    custom_use: gr.Button
    custom_upload: gr.File

    @property
    def trouble(self) -> list[Component]:
        """Outputs for `whats_missing`."""
        return [self.missing, *self.buttons, self.offered]


def build(setting: Callable[..., Field]) -> Chooser:
    """The components, where the page is at."""
    gr.HTML(html.h3["The network"])
    with gr.Row():
        setting("backbone", kind=gr.Dropdown, choices=view.choices(), allow_custom_value=True, scale=3)
        setting("alpha", kind=gr.Dropdown, choices=[1.0], allow_custom_value=True, visible="hidden", scale=2)
    card = gr.HTML(elem_id="network-card")
    missing = gr.HTML(elem_id="network-missing")
    with gr.Row(elem_classes="t-buttons"):
        buttons = [gr.Button(visible="hidden", size="md", elem_id=f"offer-{number}") for number in range(OFFERS)]
    with gr.Accordion("Compare all networks", open=False, elem_id="compare"):
        comparison = gr.HTML(view.comparison, js_on_load=LISTEN)
    with gr.Accordion("Use a .keras file of your own", open=False, elem_id="own-network"):
        with gr.Row(equal_height=True):
            custom_path = gr.Textbox(
                label="Where the file is", placeholder="/home/me/model.keras", max_lines=1, elem_id="own-path", scale=3
            )
            custom_upload = gr.File(
                file_types=[".keras"],
                label=f"or upload it (at most {LIMITS.shown('.keras')})",
                height=110,
                elem_id="own-upload",
                scale=2,
            )
        custom_use = gr.Button("Use this file", elem_id="own-use")
    return Chooser(card, missing, buttons, gr.State([]), comparison, custom_path, custom_use, custom_upload)


def show(networks: Networks, name: str, alpha: Any, size: int | None, knows: str) -> Iterator[Markup]:
    """The card of a network; for a file that was not looked into yet, first a word that this takes a moment."""
    try:
        if is_custom(name):
            if networks.known(name, 1.0) is None:
                yield muted("Looking into the file …")
            yield view.custom_card(name, len(networks.layers(name, 1.0)), networks.image_size(name))
        else:
            record = backbone(name)
            alpha = width(record.name, alpha)
            yield view.card(record, alpha, size, knows, len(networks.layers(name, alpha)))
    except TransferError as error:
        yield error_panel(error)


def widths(name: str, alpha: Any, size: int | None) -> list[Any]:
    """Updates for the width and the photo size when another network was chosen: what it offers and expects."""
    record = _record(name)
    if record is None:
        return [gr.Dropdown(value=1.0, visible="hidden"), gr.Number(placeholder="its own")]
    offered = view.widths(record, size)
    return [
        gr.Dropdown(offered, value=width(record.name, alpha), visible=shown(len(offered) > 1)),
        gr.Number(placeholder=str(record.image_size)),
    ]


def whats_missing(config: RunConfig) -> list[Any]:
    """Updates for `Chooser.trouble`: nothing, or why the network cannot be had and what could be used instead."""
    found: list[Offer] = []
    reason = html.NOTHING
    try:
        weights.require(config)
    except WeightsError as error:
        reason, found = error_panel(error, folded=True), offers(config)[:OFFERS]
    except TransferError:
        pass  # the card already says what is wrong with the network itself
    buttons = [
        gr.Button(found[i].label, visible=True) if i < len(found) else gr.Button(visible="hidden")
        for i in range(OFFERS)
    ]
    return [reason, *buttons, found]


def wire(networks: Networks, chooser: Chooser, fields: dict[str, Field]) -> None:
    """The clicks that choose a network; what follows from the choice hangs on the settings' own change."""

    def take(number: int, found: list[Offer]) -> list[Any]:
        changes = found[number].settings if number < len(found) else {}
        return [changes.get(name, gr.skip()) for name in ("backbone", "alpha", "image_size", "weights")]

    changed = [fields[name] for name in ("backbone", "alpha", "image_size", "weights")]
    for number, button in enumerate(chooser.buttons):
        button.click(lambda found, number=number: take(number, found), chooser.offered, changed, **QUIET)

    def pick(event: gr.EventData) -> Any:
        return event.name if event.name in BACKBONES else gr.skip()

    def use(path: str) -> list[Any]:
        try:
            return [str(networks.custom(path)) if path.strip() else gr.skip(), gr.skip()]
        except TransferError as error:
            return [gr.skip(), error_panel(error)]

    def use_upload(file: str) -> list[Any]:
        try:
            return [str(networks.keep(Path(file))), gr.skip(), gr.skip()]
        except TransferError as error:
            return [gr.skip(), error_panel(error), None]

    chooser.comparison.click(pick, None, fields["backbone"], **QUIET)
    used = [fields["backbone"], chooser.card]
    gr.on([chooser.custom_use.click, chooser.custom_path.submit], use, chooser.custom_path, used, **QUIET)
    chooser.custom_upload.upload(use_upload, chooser.custom_upload, [*used, chooser.custom_upload], **QUIET)


def _record(name: str) -> Backbone | None:
    try:
        return None if is_custom(name) else backbone(name)
    except TransferError:
        return None
