"""Heat maps in the page: one layer a class, one scale for all of them, and nothing where there is nothing to show."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import HOSTILE, read
from transfer.commands import heat_picture
from transfer.messages.questions import HeatMaps, PhotoAnswer
from transfer.ui.try_it.why import why

ANSWER = PhotoAnswer("a/photo.jpg", ((HOSTILE, 0.9), ("dog", 0.1)))
MAPS = HeatMaps("a/photo.jpg", {HOSTILE: ((4.0, 0.0), (0.0, -9.0)), "dog": ((-1.0, 1.0), (0.0, 0.0))})


def test_a_layer_over_the_photo_and_a_button_for_each_class() -> None:
    page = read(why(ANSWER, MAPS, "AAAA"))
    assert page.having("checked") == [""] and page.having("type") == ["radio", "radio", "range"]
    assert "90" in page.text and "alert(1)" in page.text
    assert page.having("alt")[0] == "photo.jpg" and len(page.having("src")) == 3
    layers = [Image.open(io.BytesIO(base64.b64decode(each.partition(",")[2]))) for each in page.having("src")[1:]]
    lightness = [np.asarray(layer.convert("RGB").convert("L"), int) for layer in layers]
    best, other = (each[8, 8 if number == 0 else -8] for number, each in enumerate(lightness))
    assert best > 200 and lightness[0][-8, -8] < 40, "what speaks against it is as dark as what says nothing"
    assert best - other > 80, "a class that little speaks for stays darker"


def test_before_there_is_a_map_it_says_so() -> None:
    assert "Getting ready" in read(why(ANSWER, HeatMaps("a", ready=False), None)).text
    assert read(why(ANSWER, HeatMaps("a", error={"what": "Torn."}), None)).text == "Torn."


@pytest.mark.parametrize("rows", [((-1.0, -2.0),), ((0.0,),)])
def test_where_nothing_speaks_for_it_all_is_dark(rows: tuple[tuple[float, ...], ...]) -> None:
    drawn = np.asarray(heat_picture.picture(rows, heat_picture.strongest([rows])))
    assert (drawn == heat_picture.COLOURS[0]).all()
