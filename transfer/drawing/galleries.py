"""Photos that the model was measured on, as small pictures: its worst mistakes, what it was least certain of, and those
of one class that were taken for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.figures import shortened
from transfer.drawing.panels import muted, picture
from transfer.drawing.quantities import counted
from transfer.runs.predictions import Prediction, predictions
from transfer.runs.run import Run

Thumbnails = Callable[[Sequence[Path], int], Sequence[str | None]]

THUMBNAIL, SMALL = 256, 160  # pixels
WORST, UNCERTAIN, OF_A_CELL = 24, 12, 48  # photos shown


def worst(run: Run, thumbnails: Thumbnails, size: int = THUMBNAIL) -> Markup:
    """The wrong answers given with the most confidence."""
    wrong = sorted((each for each in predictions(run) if not each.right), key=lambda each: -each.confidence)
    hint = "Wrong, and most sure of it. Sometimes the photo is in the wrong folder."
    return gallery("Its worst mistakes", hint, run, wrong[:WORST], thumbnails, size)


def least_certain(run: Run, thumbnails: Thumbnails, size: int = THUMBNAIL) -> Markup:
    """The answers given with the least confidence, right and wrong."""
    unsure = sorted(predictions(run), key=lambda each: each.confidence)
    hint = "More photos like these help most."
    return gallery("What it was least certain of", hint, run, unsure[:UNCERTAIN], thumbnails, size)


def of_a_cell(run: Run, label: str, predicted: str, thumbnails: Thumbnails) -> Markup:
    """The photos of a class for which the model named a class, most sure first."""
    found = [each for each in predictions(run) if (each.label, each.predicted) == (label, predicted)]
    found.sort(key=lambda each: -each.confidence)
    how = "recognised" if label == predicted else f"taken for “{predicted}”"
    title = f"{counted(len(found), 'photo')} of “{label}” {how}"
    hint = "The surest first" + (f", {OF_A_CELL} of them." if len(found) > OF_A_CELL else ".")
    shown = gallery(title, hint, run, found[:OF_A_CELL], thumbnails)
    return shown or muted(f"{title}: none of them can be shown any more.")


def gallery(
    title: str,
    hint: str,
    run: Run,
    photos: Sequence[Prediction],
    thumbnails: Thumbnails,
    size: int = THUMBNAIL,
) -> Markup:
    """Small pictures of photos with what the model said; those that are gone are left out, and nothing of nothing."""
    shown = []
    pictures = thumbnails([Path(run.dataset.root) / photo.path for photo in photos], size)
    for photo, data in zip(photos, pictures, strict=True):
        if data is None:
            continue
        really = "which is right" if photo.right else ["really ", html.b[photo.label]]
        caption = html.figcaption[
            html.b[photo.predicted], f", {photo.confidence:.0%} sure", html.br, really,
            html.small(title=photo.path)[shortened(Path(photo.path).name, 22)],
        ]  # fmt: skip
        shown.append(html.figure[picture(data, photo.path), caption])
    return html.join(html.h3[title], muted(hint), html.div("t-mistakes")[shown]) if shown else html.NOTHING
