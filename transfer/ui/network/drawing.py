"""The drawing of the network: which layers stay frozen (ice), which are adjusted (warm), and the new head (green).

Plain HTML whose colours are the page's CSS variables, so it follows light and dark by itself. It is made from a
layer table alone and takes well under a millisecond per layer: no Keras, no pictures. Also here, because it is the same
arithmetic: the quick choices beside the slider and the sentence that says what a choice means.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.quantities import readable
from transfer.networks.layers import Block, Layer, blocks, last_blocks, trainable_parameters

NOTHING = "Nothing: keep all of it frozen"
LAST_BLOCK = "The last block"
LAST_TWO = "The last two blocks"
HALF = "The second half"
EVERYTHING = "All of it"
OTHER = "As set on the slider"
CHOICES = (NOTHING, LAST_BLOCK, LAST_TWO, HALF, EVERYTHING, OTHER)


def frozen_for(choice: str, layers: Sequence[Layer]) -> int | None:
    """How many layers a quick choice freezes; None means all. A block without parameters is not worth a choice."""
    if choice == EVERYTHING:
        return 0
    if choice in (LAST_BLOCK, LAST_TWO):
        return last_blocks(layers, 1 if choice == LAST_BLOCK else 2)
    starts = [block.start for block in blocks(layers) if block.parameters]
    if choice == HALF and starts:
        return min(starts, key=lambda start: abs(start - len(layers) / 2))
    return None


def choice_for(frozen_layers: int | None, layers: Sequence[Layer]) -> str:
    """The quick choice that freezes exactly this many layers, or `OTHER`."""
    if frozen_layers is None:
        return NOTHING
    found = (choice for choice in (LAST_BLOCK, LAST_TWO, HALF, EVERYTHING))
    return next((choice for choice in found if frozen_for(choice, layers) == frozen_layers), OTHER)


def sentence(layers: Sequence[Layer], frozen_layers: int | None) -> str:
    """In words: up to where the network stays as it is, and what is adjusted."""
    total = len(layers)
    if frozen_layers is None or frozen_layers >= total:
        return f"All {total} layers keep what they know. Only the new layers learn."
    if frozen_layers == 0:
        return f"All {total} layers are adjusted, from the first on."
    parts = blocks(layers)
    at = next(block for block in parts if block.stop > frozen_layers)
    where = f"from {_called(at)} on"
    if at.start < frozen_layers:
        where = f"from layer {frozen_layers - at.start + 1} of {at.stop - at.start} in {_called(at)} on"
    kept = f"first {frozen_layers} of {total} layers keep what they know"
    if frozen_layers == 1:
        kept = f"first of {total} layers keeps what it knows"
    return f"The {kept}; {where} the network is adjusted."


def draw(layers: Sequence[Layer], frozen_layers: int | None) -> Markup:
    """The network: a column per block, as wide as its layers are many, higher with more parameters.

    Args:
        layers: the backbone's layers, input first.
        frozen_layers: how many of them stay frozen; None means all.
    """
    total = len(layers)
    frozen = total if frozen_layers is None else min(frozen_layers, total)
    free = trainable_parameters(layers, frozen)
    whole = sum(layer.parameters for layer in layers)
    parts = blocks(layers)
    most = max((block.parameters for block in parts), default=0)
    legend = [
        ("frozen", "Frozen", f"{frozen} layers · {readable(whole - free)} parameters"),
        ("warm", "Adjusted in fine-tuning", f"{total - frozen} layers · {readable(free)} parameters"),
        ("head", "New layers", "learn from zero"),
    ]
    keys = (html.div(f"t-key t-key-{kind}")[html.i, html.span[html.b[name], text]] for kind, name, text in legend)
    description = sentence(layers, None if frozen >= total else frozen)
    return html.figure("t-net", aria_label=description)[
        html.div("t-net-row")[
            html.div("t-net-photo", title="Your photo goes in here")[html.i, html.span["photo"]],
            html.div("t-net-body")[(_column(block, frozen, most, total) for block in parts)],
            html.div("t-net-head", title="The new layers: they give the answer")[html.i, html.span["answer"]],
        ],
        html.figcaption[html.p[description], html.div("t-keys")[keys]],
    ]


def _column(block: Block, frozen: int, most: int, total: int) -> Markup:
    width = block.stop - block.start
    cut = min(max(frozen - block.start, 0), width) / width
    height = 20 + 80 * math.sqrt(block.parameters / most if most else 0)
    label = _short(block.name)
    needed = 0.009 * (len(label) + 1)  # share of the whole width, on a large screen, that the label takes
    size = "wide" if width / total >= 2.4 * needed else "middling" if width / total >= needed else "narrow"
    about = f"{block.name}: layers {block.start + 1} to {block.stop}, {readable(block.parameters)} parameters"
    column = html.button(
        f"t-net-block t-{size}",
        type="button",
        style=f"flex-grow:{width}",
        data_start=block.start,
        title=f"{about}. Click to adjust the network from here on.",
        aria_label=about,
    )
    return column[html.i(style=f"height:{height:.0f}%;--cut:{cut:.1%}"), html.span[label]]


def _called(block: Block) -> str:
    return f"the {block.name}" if block.name in {"stem", "top"} else f"“{block.name}”"


def _short(name: str) -> str:
    """A label that fits under a narrow column: the block's numbers, such as 4.6 for conv4_block6."""
    numbers = re.findall(r"\d+[a-z]?", name)
    return ".".join(numbers) if numbers else name
