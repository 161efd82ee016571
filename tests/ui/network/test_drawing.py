"""The drawing of the network: its arithmetic against the layer tables, its words, and what it costs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from transfer.networks.backbones import BACKBONES
from transfer.networks.layers import Layer, blocks, layers, trainable_parameters
from transfer.ui.network import drawing

SMALL = (
    Layer("input", "stem", 0, "InputLayer"),
    Layer("conv", "stem", 100, "Conv2D"),
    Layer("a_conv", "block_1", 400, "Conv2D"),
    Layer("a_bn", "block_1", 0, "BatchNormalization"),
    Layer("b_conv", "block_2", 1600, "Conv2D"),
    Layer("out_relu", "top", 0, "ReLU"),
)


class Columns(HTMLParser):
    """Reads from the drawing where each block starts and which share of it is frozen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[int, float]] = []
        self._start = -1
        self.depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.depth += 1
        if "data-start" in given:
            self._start = int(given["data-start"] or -1)
        cut = re.search(r"--cut:([\d.]+)%", given.get("style") or "")
        if cut:
            self.found.append((self._start, float(cut[1])))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


@pytest.mark.parametrize(
    ("frozen", "shares"),
    [
        (None, [100, 100, 100, 100]),
        (6, [100, 100, 100, 100]),
        (0, [0, 0, 0, 0]),
        (3, [100, 50, 0, 0]),
        (4, [100, 100, 0, 0]),
    ],
)
def test_each_block_is_coloured_up_to_where_it_is_frozen(frozen: int | None, shares: list[float]) -> None:
    columns = Columns(drawing.draw(SMALL, frozen))
    assert columns.found == list(zip([0, 2, 4, 5], shares, strict=True))
    assert columns.depth == 0, "every element is closed"


def test_the_legend_counts_parameters_as_the_layer_table_does() -> None:
    html = drawing.draw(SMALL, 3)
    assert trainable_parameters(SMALL, 3) == 1600
    assert "3 layers · 500 parameters" in html and "3 layers · 1.6 thousand parameters" in html


@pytest.mark.parametrize("name", BACKBONES)
def test_quick_choices_freeze_whole_blocks_in_order(name: str) -> None:
    table = layers(name)
    starts = {block.start for block in blocks(table)}
    frozen = [drawing.frozen_for(choice, table) for choice in (drawing.LAST_BLOCK, drawing.LAST_TWO, drawing.HALF)]
    assert all(count in starts for count in frozen)
    last, two, half = (count or 0 for count in frozen)
    assert 0 < half <= two < last < len(table)
    assert trainable_parameters(table, last) > 0, "freeing the last block has an effect"
    assert drawing.frozen_for(drawing.EVERYTHING, table) == 0
    assert drawing.frozen_for(drawing.NOTHING, table) is None


@pytest.mark.parametrize("choice", [choice for choice in drawing.CHOICES if choice != drawing.OTHER])
def test_a_quick_choice_is_recognised_again(choice: str) -> None:
    table = layers("MobileNetV2")
    assert drawing.choice_for(drawing.frozen_for(choice, table), table) == choice


def test_other_numbers_are_nobodys_quick_choice() -> None:
    assert drawing.choice_for(3, layers("MobileNetV2")) == drawing.OTHER


@pytest.mark.parametrize(
    ("frozen", "said"),
    [
        (None, "All 6 layers keep what they know. Only the new layers learn."),
        (6, "All 6 layers keep what they know. Only the new layers learn."),
        (0, "All 6 layers are adjusted, from the first on."),
        (4, "The first 4 of 6 layers keep what they know; from “block_2” on the network is adjusted."),
        (3, "The first 3 of 6 layers keep what they know; from layer 2 of 2 in “block_1” on the network is adjusted."),
        (1, "The first of 6 layers keeps what it knows; from layer 2 of 2 in the stem on the network is adjusted."),
    ],
)
def test_the_sentence_names_the_boundary(frozen: int | None, said: str) -> None:
    assert drawing.sentence(SMALL, frozen) == said


def test_the_drawing_of_the_largest_network_is_small_enough_to_follow_a_slider() -> None:
    """It is sent anew at every move, so it must not grow with the layers."""
    table = max((layers(name) for name in BACKBONES), key=len)
    assert len(table) > 1000 and len(drawing.draw(table, len(table) // 2)) < 16_000


def test_names_from_a_file_cannot_break_the_page() -> None:
    evil = (Layer("input", "stem", 0, "InputLayer"), Layer("x", '"><script>', 10, "Conv2D"))
    html = drawing.draw(evil, 1)
    assert "<script>" not in html
