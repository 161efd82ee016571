"""The layers of every offered network, in order, and the blocks they form, without building a network.

The numbers were written by `assets/make_layer_tables.py`, which builds each network in Keras once; a test builds
some of them again and compares. A layer's parameters are what fine-tuning could change: BatchNorm counts nothing,
because Transfer never trains one. This module knows nothing of what a network is good for: that is `backbones`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from transfer.errors import ConfigError

TABLES = Path(__file__).parent / "layer_tables"


@dataclass(frozen=True)
class Layer:
    """One layer of a backbone.

    Attributes:
        name: as Keras names it.
        block: the block it belongs to.
        parameters: how many numbers in it could become trainable.
        kind: its Keras class, such as "Conv2D".
    """

    name: str
    block: str
    parameters: int
    kind: str


@dataclass(frozen=True)
class Block:
    """Layers `start` up to, not including, `stop`, with their parameters together."""

    name: str
    start: int
    stop: int
    parameters: int


def layers(name: str, alpha: float = 1.0) -> tuple[Layer, ...]:
    """The layers of a network of `backbones`, in the order of Keras' `model.layers` (the first is its input).

    The numbers belong to the network without its ImageNet classifier. They do not depend on the image size.

    Raises:
        ConfigError: for a network without a table, or a width it does not come in.
    """
    data = table(name)
    counts = data["parameters"].get(f"{alpha:g}")
    if counts is None:
        offered = list(data["parameters"])
        raise ConfigError(
            f"{name} does not come in this width.",
            expected=f"alpha to be one of {', '.join(offered)}" if len(offered) > 1 else "alpha 1",
            found=f"{alpha:g}",
            fix="Choose one of the offered widths.",
        )
    return _layers(name, tuple(counts))


@functools.cache
def _layers(name: str, counts: tuple[int, ...]) -> tuple[Layer, ...]:
    data = table(name)
    kinds = [data["kinds"][index] for index in data["kind"]]
    return assemble(data["names"], kinds, counts)


@functools.cache
def table(name: str) -> dict[str, Any]:
    """The generated record of one network, as read from its file.

    Raises:
        ConfigError: when there is none.
    """
    file = TABLES / f"{name}.json"
    if not re.fullmatch(r"\w+", name) or not file.is_file():
        raise ConfigError(
            f"There is no layer table for “{name}”.",
            expected="the name of a network that Transfer offers",
            found=repr(name),
            fix="Choose a network from the list.",
        )
    return dict(json.loads(file.read_text(encoding="utf-8")))


def assemble(names: Sequence[str], kinds: Sequence[str], parameters: Sequence[int]) -> tuple[Layer, ...]:
    """Layers from three parallel columns; their blocks are told from the names."""
    columns = zip(names, block_names(names, kinds), parameters, kinds, strict=True)
    return tuple(Layer(*row) for row in columns)


def blocks(layers: Sequence[Layer]) -> list[Block]:
    """The contiguous blocks that the layers form, from the input on; together they hold every layer once."""
    found: list[Block] = []
    for name, group in groupby(layers, key=lambda layer: layer.block):
        members = list(group)
        start = found[-1].stop if found else 0
        found.append(Block(name, start, start + len(members), sum(layer.parameters for layer in members)))
    return found


def trainable_parameters(layers: Sequence[Layer], frozen_layers: int | None) -> int:
    """How many numbers fine-tuning changes when the first `frozen_layers` stay as they are (None: all of them)."""
    return 0 if frozen_layers is None else sum(layer.parameters for layer in layers[frozen_layers:])


def last_blocks(layers: Sequence[Layer], count: int) -> int | None:
    """How many layers stay frozen when the last `count` blocks do not; None where there are not as many.

    A block without parameters does not count: there is nothing in it to adjust.
    """
    trainable = [block for block in blocks(layers) if block.parameters]
    return trainable[-count].start if 0 < count <= len(trainable) else None


# ---------------------------------------------------------------------- blocks from names

# A layer whose name begins like this belongs to the block of that name.
_MEMBER = re.compile(
    r"^(?:conv_(?:pad|dw|pw)_(?P<mobilenet>\d+)(?:_|$)"
    r"|(?:\w+?_)?(?P<convnext>stage_\d+_block_\d+|downsampling_block_\d+)(?:_|$)"
    r"|(?P<plain>conv\d+_block\d+|block_\d+|expanded_conv(?:_\d+)?|block\d+[a-z]?|pool[2-9])_)"
)
# A layer with such a name is the last of its block.
_LAST = re.compile(r"^(?:(?P<mixed>mixed_?\d+[a-z]?)|(?P<residual>block\d+_\d+)_ac|(?P<cell>\w+)_concat_(?P<id>\w+))$")
# The name that Keras gives a layer when its author gave none.
_UNNAMED = re.compile(
    r"^(?:(?:separable_|depthwise_)?conv2d|batch_normalization|layer_normalization|activation|add|concatenate"
    r"|multiply|dropout|re_lu|reshape|rescaling|normalization|zero_padding2d|(?:global_)?\w+_pooling2d)(?:_\d+)?$"
)
_MERGES = frozenset({"Add", "Concatenate", "Average", "Maximum"})
_POOLS = frozenset({"MaxPooling2D", "AveragePooling2D"})


def block_names(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """The block of each layer, told from names and kinds alone.

    Most networks name their layers after their block. Others (Inception, NASNet, many custom ones) only name the
    layer where branches meet again, which then ends a block; a network with neither is parted at its pooling layers.
    What comes before the first block is its "stem", what comes after the last its "top".
    """
    member = [_member(name) for name in names]
    if sum(block is not None for block in member) > len(names) / 2:
        return _by_member(names, kinds, member)
    ends = {index: block for index, name in enumerate(names) if (block := _last(name)) is not None}
    if not ends:
        breaks = [i for i, kind in enumerate(kinds) if kind in _MERGES] or [
            i for i, kind in enumerate(kinds) if kind in _POOLS
        ]
        ends = {index: f"part {number}" for number, index in enumerate(breaks, start=1)}
    found: list[str] = []
    for index in sorted(ends):
        found += [ends[index]] * (index + 1 - len(found))
    return found + ["top" if ends else "all layers"] * (len(names) - len(found))


def _member(name: str) -> str | None:
    match = _MEMBER.match(name)
    if match is None:
        return None
    return f"block_{match['mobilenet']}" if match["mobilenet"] else match["convnext"] or match["plain"]


def _last(name: str) -> str | None:
    match = _LAST.match(name)
    if match is None:
        return None
    return match["mixed"] or match["residual"] or f"{match['cell']}_{match['id']}"


def _by_member(names: Sequence[str], kinds: Sequence[str], member: Sequence[str | None]) -> list[str]:
    last = max(index for index, block in enumerate(member) if block is not None)
    found: list[str] = []
    current = "stem"
    for index, name in enumerate(names):
        if index > last and current != "top" and not _UNNAMED.match(name):
            current = "top"
        current = member[index] or current
        found.append(current)
    if found.count("stem") == 1 and kinds[0] == "InputLayer":
        found[0] = found[1]
    return found
