"""What is said of an answer: never that it is certain, and what it is not is said first."""

from __future__ import annotations

import pytest

from tests.ui.conftest import HOSTILE, read
from transfer.messages.questions import PhotoAnswer
from transfer.ui.try_it.tab import card
from transfer.ui.try_it.words import likes

CLASSES = (("ant", 0.9996), ("bee", 0.0004))
NEAR = (("photos/a.jpg", "ant"), ("photos/b.jpg", HOSTILE))


def answer(
    *shares: float, possible: int = 1, unfamiliar: bool | None = False, nearest: tuple[tuple[str, str], ...] = NEAR
) -> PhotoAnswer:
    classes = tuple(zip(("ant", "bee", "cat", "dog"), shares, strict=False))
    return PhotoAnswer("x.jpg", classes, tuple(name for name, _ in classes[:possible]), unfamiliar, nearest)


@pytest.mark.parametrize(
    ("said", "title", "words"),
    [
        (answer(0.9996, 0.0004), "ant", "More than 99 % sure, and it is like photos it learned from."),
        (answer(0.9996, 0.0004, unfamiliar=None), "ant", "More than 99 % sure. It only knows the classes it learned"),
        (answer(0.7, 0.3), "ant", "Probably, but only 70 % sure."),
        (answer(0.4, 0.3, 0.3), "ant", "Not sure at all (40 %)"),
        (
            answer(0.5, 0.4, 0.1, possible=2),
            "ant or bee",
            "One of these two, rather the first (50 %). Of all its answers, 9 of",
        ),
        (answer(0.4, 0.4, 0.2, possible=3), "ant, bee or cat", "One of these three"),
        (answer(0.3, 0.3, 0.2, 0.2, possible=4), "ant", "Not sure at all (30 %): it may be any of 4 classes"),
        (answer(0.83, 0.1, 0.04, 0.03, possible=4), "ant", "Not sure (83 %): it may be any of 4 classes"),
        (
            answer(0.9996, 0.0004, unfamiliar=True),
            "None of these?",
            "may be nothing that it has learned. If it had to choose: ant.",
        ),
    ],
)
def test_an_answer_in_words(said: PhotoAnswer, title: str, words: str) -> None:
    page = read(card(said, None))
    assert page.text.startswith(title) and words in page.text and "100" not in page.text


def test_the_photos_most_like_it_are_shown_where_it_is_not_sure() -> None:
    strange, plain = answer(0.9, 0.1, unfamiliar=True), answer(0.9, 0.1)
    assert likes([strange, plain, strange]) == ["photos/a.jpg", "photos/b.jpg"]
    page = read(card(strange, None, known={"photos/a.jpg": "AAAA", "photos/b.jpg": "AAAA"}))
    assert page.having("alt") == ["a.jpg", "b.jpg"] and "alert(1)" in page.text
    assert not read(card(plain, None, known={"photos/a.jpg": "AAAA"})).having("alt")
    assert "Most like it" not in read(card(strange, None, known={"photos/a.jpg": None})).text


def test_answers_of_runs_that_know_nothing_of_their_limits() -> None:
    page = read(card(PhotoAnswer("x.jpg", CLASSES), None))
    assert page.text.startswith("antMore than 99 % sure.") and "> 99.9%" in page.text
