"""The part of the network tab about frozen layers: quick choices, the slider, and the drawing that follows it.

The setting (empty: all layers) is the truth; the slider only shows it. Between the two there is a line of JavaScript
each way, so that what was chosen last is never on its way while something else is pressed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from transfer.commands.networks import Networks
from transfer.config import RunConfig
from transfer.drawing import html
from transfer.errors import TransferError
from transfer.networks.layers import Layer
from transfer.ui.network import drawing
from transfer.ui.network.networks import width
from transfer.ui.shared.events import LISTEN, QUICK, follow
from transfer.ui.shared.form import Field

TO_SETTING = "(shown, total) => [shown >= total ? null : shown]"
TO_SLIDER = "(frozen, total) => [frozen === null || frozen > total ? total : frozen]"


@dataclass(frozen=True)
class Freezing:
    """The components of this part."""

    quick: gr.Radio
    slider: gr.Slider
    picture: gr.HTML
    frozen: Field
    total: gr.Number

    @property
    def drawn(self) -> list[Component]:
        """Outputs for `draw`."""
        return [self.picture, self.quick]

    @property
    def resized(self) -> list[Component]:
        """Outputs for `resize`."""
        return [self.total, self.slider, *self.drawn]


def build(setting: Callable[..., Field]) -> Freezing:
    """The components, where the page is at."""
    gr.HTML(html.h3["How much of it may change"])
    quick = gr.Radio(
        drawing.CHOICES,
        value=drawing.NOTHING,
        label="What may be adjusted to your photos",
        info="With few photos, nothing or the last block is best: only new layers on top learn.",
        elem_id="quick-frozen",
    )
    about = RunConfig.settings()["frozen_layers"]
    slider = gr.Slider(
        0, 1, 1, step=1, precision=0, label=about.label, info=about.help.split(". ")[0] + ".", buttons=[],
        elem_id="frozen-slider",
    )  # fmt: skip
    picture = gr.HTML(js_on_load=LISTEN, elem_id="network-drawing")
    frozen = setting("frozen_layers", visible="hidden")
    return Freezing(quick, slider, picture, frozen, gr.Number(1, visible="hidden", precision=0))


def draw(networks: Networks, name: str, alpha: Any, frozen: int | None) -> list[Any]:
    """Updates for `Freezing.drawn`."""
    table = known(networks, name, alpha)
    if table is None:
        return ["", gr.skip()]
    if frozen is not None and frozen >= len(table):
        frozen = None
    return [drawing.draw(table, frozen), drawing.choice_for(frozen, table)]


def resize(networks: Networks, name: str, alpha: Any, frozen: int | None) -> list[Any]:
    """Updates for `Freezing.resized`, when another network was chosen."""
    table = known(networks, name, alpha)
    if table is None:
        return [gr.skip(), gr.skip(), "", gr.skip()]
    total = len(table)
    shown = total if frozen is None else min(frozen, total)
    return [total, gr.Slider(maximum=total, value=shown), *draw(networks, name, alpha, frozen)]


def wire(networks: Networks, part: Freezing, network: list[Field]) -> None:
    """Slider, quick choices and clicks on the drawing; `network` is the backbone and its width."""

    def choose(choice: str, frozen: int | None, total: int, name: str, alpha: Any) -> Any:
        table = known(networks, name, alpha)
        if table is None:
            return frozen
        if choice != drawing.OTHER:
            return drawing.frozen_for(choice, table)
        return None if frozen is None else round(frozen / total * len(table))  # as deep as in the network before

    def from_here(event: gr.EventData) -> int:
        """A click on a block of the drawing freezes everything before it."""
        return max(0, int(event.start))

    part.slider.input(None, [part.slider, part.total], part.frozen, js=TO_SETTING, **QUICK)
    part.frozen.change(None, [part.frozen, part.total], part.slider, js=TO_SLIDER, **QUICK)
    follow(
        [part.frozen.change],
        lambda frozen, name, alpha: draw(networks, name, alpha, frozen),
        [part.frozen, *network],
        part.drawn,
        **QUICK,
    )
    part.picture.click(from_here, None, part.frozen, **QUICK)
    # Another network has other blocks: what was chosen in words is chosen again.
    chosen = [part.quick, part.frozen, part.total, *network]
    gr.on([part.quick.input, network[0].input], choose, chosen, part.frozen, **QUICK)


def known(networks: Networks, name: str, alpha: Any) -> tuple[Layer, ...] | None:
    """The layers of the chosen network, when no waiting is needed; None too when there is no such network."""
    try:
        return networks.known(name, width(name, alpha))
    except TransferError:
        return None
