"""What is said of an answer: the class, one of two, or that it may be nothing the model has learned.

No answer is ever called 100 % sure: no number of photos shows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import picture
from transfer.drawing.reliability import sure as percent
from transfer.messages.questions import PhotoAnswer

SURE, UNSURE = 0.8, 0.5
FEW = 3  # classes between which a choice is still an answer
SMALL = 112  # pixels of a photo it is like
NUMBERS = {2: "two", 3: "three"}


def title(answer: PhotoAnswer) -> str:
    """The answer itself."""
    if answer.unfamiliar:
        return "None of these?"
    if 2 <= len(answer.possible) <= FEW:
        return f"{', '.join(answer.possible[:-1])} or {answer.possible[-1]}"
    return answer.classes[0][0]


def in_words(answer: PhotoAnswer) -> str:
    """How much the answer is worth."""
    label, share = answer.classes[0]
    if answer.unfamiliar:
        return f"It may be nothing that it has learned. If it had to choose: {label}."
    count = len(answer.possible)
    if 2 <= count <= FEW:
        rather = f"One of these {NUMBERS[count]}, rather the first ({percent(share)})."
        return f"{rather} Of all its answers, 9 of 10 hold the right class."
    if count > FEW:
        lead = "Not sure at all" if share < UNSURE else "Not sure"
        return f"{lead} ({percent(share)}): it may be any of {count} classes."
    if share < UNSURE:
        return f"Not sure at all ({percent(share)}): perhaps it is none of the classes it knows."
    if share < SURE:
        return f"Probably, but only {sure(share)}."
    if answer.unfamiliar is None:
        return f"{sure(share).capitalize()}. It only knows the classes it learned, whatever is on the photo."
    return f"{sure(share).capitalize()}, and it is like photos it learned from."


def sure(share: float) -> str:
    """A probability in a sentence."""
    return f"{percent(share)} sure"


def percents(share: float) -> str:
    """A probability beside its bar."""
    return "> 99.9%" if share > 0.999 else f"{share:.1%}"


def likes(answers: Iterable[PhotoAnswer]) -> list[str]:
    """The photos that are shown beside answers as those most like them, each once."""
    return list(dict.fromkeys(path for each in answers for path, _ in _shown(each)))


def most_like(answer: PhotoAnswer, pictures: Mapping[str, str | None]) -> Markup:
    """The photos it knows that are most like this one, where that says something."""
    found = [(path, label, pictures.get(path)) for path, label in _shown(answer)]
    shown = [html.figure[picture(data, Path(path).name), html.figcaption[label]] for path, label, data in found if data]
    if not shown:
        return html.NOTHING
    return html.div("t-likes")[html.span["Most like it, of the photos it learned from:"], html.div[shown]]


def _shown(answer: PhotoAnswer) -> tuple[tuple[str, str], ...]:
    return answer.nearest if answer.unfamiliar or len(answer.possible) > 1 else ()
