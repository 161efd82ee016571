"""The confusion matrix and the scores: any number of classes, any name, numbers that are missing."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.ui.conftest import HOSTILE, drawing, read, words
from transfer.drawing import figures, svg
from transfer.runs.metrics import ClassMetrics


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # see the test of it
        yield


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 10, 11, 20, 21, 40])
def test_every_number_of_classes(number: int) -> None:
    counts = np.random.default_rng(number).integers(1, 30, (number, number)).tolist()
    names = [f"kind {n}" for n in range(number)]
    html = figures.confusion(counts, names)
    tree = drawing(html)
    said = words(tree)
    for name in names:
        assert said.count(name) == 2, "beside its row and over its column"
    assert [int(word) for word in said if word.isdigit()] == [count for row in counts for count in row]
    right = sum(counts[n][n] for n in range(number))
    assert f"{number} classes: {right} of {np.sum(counts)} photos" in str(tree.get("aria-label"))
    width, height = (float(part) for part in str(tree.get("viewBox")).split()[2:])
    for element in tree.iter("{http://www.w3.org/2000/svg}text"):
        places = re.findall(r"translate\(([\d.-]+) ([\d.-]+)\)", element.get("transform", ""))
        for x, y in places or [(element.get("x", "0"), element.get("y", "0"))]:
            assert -1 <= float(x) <= width + 1, "drawn beside the picture"
            assert -1 <= float(y) <= height + 1, "drawn beside the picture"


def test_a_class_without_photos_and_nothing_at_all() -> None:
    drawing(figures.confusion([[3, 1], [0, 0]], ["a", "b"]))
    drawing(figures.confusion([[0, 0], [0, 0]], ["a", "b"]))
    assert figures.confusions([[0, 0], [0, 0]], ["a", "b"]) == []


@pytest.mark.parametrize("number", [2, 12])
@pytest.mark.parametrize(
    "name",
    [
        "<b>&lt;", "$x^2$", "$\\frac{", "a$b", "猫と犬", "كلب", "🐈", 'id="x" url(#y)', "'; DROP", "two\nlines", " ",
        "_^{}", "; font-family: x", "#01a001", "<metadata>a",
    ],
)  # fmt: skip
def test_names_are_drawn_as_they_are(name: str, number: int) -> None:
    names = [name, *(f"k{n}" for n in range(number - 1))]
    html = figures.confusion(np.eye(number, dtype=int).tolist(), names)
    read(html)
    drawn = "\n".join(words(drawing(html)))
    for line in figures.shortened(name).split("\n"):
        assert drawn.count(line.strip()) >= 2
    row = figures.scores([ClassMetrics(name, photos=1, precision=1.0, recall=1.0, f1=1.0)])
    assert " ".join(name.split()) in read(row).text


def test_names_in_any_script_have_room_and_no_warnings() -> None:
    program = Path(__file__).with_name("any_script.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert "</svg>" in done.stdout and done.stderr == ""

    def width(name: str) -> float:
        return float(str(drawing(figures.confusion([[1, 0], [0, 1]], [name, "b"])).get("viewBox")).split()[2])

    assert width("猫" * 10) > width("a" * 16)


def test_long_names_are_cut_where_they_differ_least() -> None:
    assert figures.shortened("a" * figures.LONGEST_NAME) == "a" * figures.LONGEST_NAME
    cut = figures.shortened("the beginning of it 0123456789 and its end")
    assert len(cut) == figures.LONGEST_NAME
    assert cut.startswith("the begin")
    assert cut.endswith("ts end")
    drawing(figures.confusion([[1, 0], [0, 1]], [HOSTILE * 3, "x" * 300]))


def test_names_wider_than_a_cell_do_not_run_into_each_other() -> None:
    for names, slanted in ((["ant", "bee"], False), (["a rather long one", "another long one"], True)):
        assert ("rotate(-45" in figures.confusion([[1, 0], [0, 1]], names)) == slanted


def test_the_commonest_mistakes_as_sentences() -> None:
    said = figures.confusions([[5, 3, 0], [0, 8, 1], [2, 2, 2]], ["ant", "bee", "cat"], most=3)
    assert [sentence for sentence, _ in said] == [
        "3 of 8 “ant” were taken for “bee”",
        "2 of 6 “cat” were taken for “ant”",
        "2 of 6 “cat” were taken for “bee”",
    ]
    assert [cell for _, cell in said] == [(0, 1), (2, 0), (2, 1)]
    assert figures.confusions([[5, 0], [1, 8]], ["ant", "bee"]) == [("1 of 9 “bee” was taken for “ant”", (1, 0))]


def test_a_cell_with_photos_is_a_button_over_its_square() -> None:
    html = figures.confusion([[5, 3], [0, 8]], ["ant", HOSTILE], pressable=True)
    page = read(html)
    assert page.having("data-cell") == ["0 0", "0 1", "1 1"] and page.having("tabindex") == ["0"] * 3
    assert "3 of 8 “ant” were taken for “<img" in page.having("aria-label")[2] and "img" not in page.having("role")
    assert page.having("aria-label")[1] == "5 of 8 “ant” were recognised: show them"
    tree = ElementTree.fromstring(html[html.index("<svg") : html.rindex("</svg>") + 6])
    for square in (each for each in tree.iter("{http://www.w3.org/2000/svg}rect") if each.get("role")):
        left, top, side = (float(square.get(name, 0)) for name in ("x", "y", "width"))
        inside = [
            "".join(text.itertext()).strip()
            for text in tree.iter("{http://www.w3.org/2000/svg}text")
            if left < float(text.get("x", 0)) < left + side and top < float(text.get("y", 0)) < top + side
        ]
        assert inside == [str(square.findtext("{*}title")).split()[0]], "the number that is drawn there"


def test_scores_begin_with_the_weakest_and_say_what_they_do_not_know() -> None:
    nan = float("nan")
    classes = [
        ClassMetrics("good", photos=9, precision=1.0, recall=0.5, f1=0.9),
        ClassMetrics("unknown", photos=0, precision=nan, recall=nan, f1=1.0),
        ClassMetrics(HOSTILE, photos=9, precision=0.25, recall=0.0, f1=0.0),
    ]
    html = figures.scores(classes)
    text = read(html).text
    assert text.index("alert(1)") < text.index("good") < text.index("unknown")
    assert text.endswith("unknown0––100%")
    assert "nan" not in html.lower()


def test_two_figures_share_no_ids_and_bring_no_style() -> None:
    both = "".join(figures.confusion([[1, 0], [0, 1]], ["a", "b"]) for _ in range(2))
    page = read(both)
    own = set(page.having("id"))
    assert {part for value in page.having("xlink:href") for part in [value.removeprefix("#")]} <= own
    assert set(re.findall(r"url\(#([^)]+)\)", both)) <= own
    assert "font-family" not in both, "text has the page's own font"


def test_the_label_of_a_figure_is_words_and_not_markup() -> None:
    drawn = svg.figure(100, 50)
    drawn.text(0.5, 0.5, "inside", color=svg.INK)
    html = svg.svg(drawn, HOSTILE)
    read(html)
    assert drawing(html).get("aria-label") == HOSTILE
