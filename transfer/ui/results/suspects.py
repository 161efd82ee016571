"""The lists of photos that are worth a second look, drawn: what is said of each, and what can be decided about it.

What a press does is in `review`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from transfer.dataset.corrections import KEEP, LEAVE_OUT, MOVE, Correction
from transfer.drawing import html
from transfer.drawing.figures import shortened
from transfer.drawing.panels import muted, panel, picture
from transfer.drawing.quantities import counted, percent
from transfer.runs.review import COPIES, LISTS, MISLABELLED, ODD, UNCERTAIN, Leak, Pair, Review, Suspect
from transfer.runs.run import Run
from transfer.ui.photos.view import PURPOSES

FIRST = 12  # photos of a list that are shown at first
TITLES = {MISLABELLED: "Mislabelled?", UNCERTAIN: "Hard to tell", ODD: "Odd ones out", COPIES: "Near copies"}
HINTS = {
    MISLABELLED: "Judged by all other photos, these look like another class than their folder says. Many will be in "
    "the wrong folder, some are only unusual: keep those.",
    UNCERTAIN: "Two classes fit about equally well. Perhaps the photo shows both, or nothing that decides.",
    ODD: "Of all photos of their class these are the least like the others.",
    COPIES: "Nearly the same picture stands on both sides of the split: cut, turned, mirrored, smaller or compressed. "
    "What was learned from one is no test with the other.",
}
NONE = {
    MISLABELLED: "No photo looks mislabelled.",
    UNCERTAIN: "It is certain of all photos.",
    ODD: "No photo is much unlike the others of its class.",
    COPIES: "No photo has a near copy on another side of the split.",
}
FAIR = (
    "Correct whatever is wrong, also where the model agrees with the folder: if only its mistakes are corrected among "
    "the test photos, the next score looks a little better than it is."
)
OFFER = (
    "Transfer can look for photos that seem to be in the wrong folder, for near copies in training and test, and for "
    "odd ones out. It takes seconds, trains nothing, and never touches your files."
)


def warning(leak: Leak | None) -> Markup:
    """What is to be said beside a score; nothing where nothing speaks against it."""
    return panel("warning", leak.title, leak.in_words(), leak.fix) if leak and leak.doubtful else html.NOTHING


def view(
    run: Run,
    review: Review | None,
    decided: Mapping[str, Correction],
    listed: Mapping[str, Any],
    small: Callable[[tuple[Path, ...]], Sequence[str | None]],
) -> Markup:
    """All of the section but its buttons.

    Args:
        decided: what was decided about photos of the folder, by digest.
        listed: which list, and whether all of it.
        small: thumbnails.
    """
    title, made = html.h3["Photos to look at"], _decisions(decided)
    if review is None:
        return html.join(title, muted(OFFER), made)
    which = listed["list"]
    suspects = review.suspects(which)
    twins = review.copies if which == COPIES else [None] * len(suspects)
    some = list(zip(suspects, twins, strict=True))[: None if listed["all"] else FIRST]
    paths = [each.path for each, _ in some] + [twin.second.path for _, twin in some if twin]
    pictures = dict(zip(paths, small(tuple(Path(run.dataset.root) / path for path in paths)), strict=True))
    cards = (_card(each, twin, decided, pictures, run.dataset.classes, which) for each, twin in some)
    more = html.button("t-link", type="button", data_more="1")[f"Show all {len(suspects)}"]
    leak, said = review.leak, html.NOTHING
    if leak is not None and not leak.doubtful:  # else it stands beside the score
        said = panel("info", leak.title, leak.in_words())
    return html.join(
        title,
        said,
        html.div("t-tabs", role="group", aria_label="Lists of photos")[
            (_choice(review, each, which) for each in LISTS)
        ],
        muted(HINTS[which] if suspects else NONE[which]),
        muted(FAIR) if which == MISLABELLED and any(each.split == "test" for each in suspects) else None,
        html.div("t-mistakes t-review")[cards],
        more if len(some) < len(suspects) else None,
        made,
    )


def _choice(review: Review, each: str, which: str) -> Markup:
    name = f"{TITLES[each]} {len(review.suspects(each))}"
    return html.button(type="button", data_list=each, aria_pressed="true" if each == which else "false")[name]


def _card(
    photo: Suspect,
    twin: Pair | None,
    decided: Mapping[str, Correction],
    pictures: Mapping[str, str | None],
    classes: Sequence[str],
    which: str,
) -> Markup:
    """A photo, what is said of it, and what can be decided."""
    both = [photo, twin.second] if twin else [photo]
    images = html.div("t-pair" if twin else "t-one")[(picture(pictures.get(each.path), each.path) for each in both)]
    if twin:
        mirrored = ", mirrored" if twin.mirrored else ""
        same = "" if twin.second.label == photo.label else f", there as “{twin.second.label}”"
        said: html.Content = [
            html.b[photo.label], f", {PURPOSES[photo.split]}", html.br,
            f"the other one{mirrored} is {PURPOSES[twin.second.split]}{same}",
        ]  # fmt: skip
    elif which == ODD:
        said = ["in ", html.b[photo.label]]
    elif which == UNCERTAIN:
        said = [
            "in ",
            html.b[photo.label],
            f" ({percent(photo.own)})",
            html.br,
            f"or {photo.said} ({percent(photo.confidence)})",
        ]
    else:
        said = ["in ", html.b[photo.label], html.br, "looks like ", html.b[photo.said], f", {photo.confidence:.0%}"]
    about = html.figcaption[
        said, html.small(title=photo.path)[f"{shortened(Path(photo.path).name, 22)} · {PURPOSES[photo.split]}"]
    ]
    key = {"type": "button", "data_photo": photo.digest}
    other = _other(twin.second, decided) if twin else None
    if (decision := decided.get(photo.digest)) is not None:
        undo = html.button("t-link", **key, data_act="undo")["Undo"]
        return html.figure("t-decided")[images, about, html.p["✓ ", _done(decision), " ", undo], other]
    names = [photo.said, *(name for name in classes if name not in (photo.said, photo.label))]
    options = (html.option(value=name)[name] for name in names)
    buttons = [
        html.button(**key, data_act=KEEP, title="it is right as it is")["Keep"],
        html.button(**key, data_act=LEAVE_OUT, title="nothing is to be learned from it")["Leave out"],
        html.span[html.button(**key, data_act=MOVE)["Move to"], html.select(aria_label="class")[options]],
    ]
    return html.figure[images, about, html.div("t-acts")[buttons], other]


def _other(photo: Suspect, decided: Mapping[str, Correction]) -> Markup:
    """What can be decided about the copy of a photo."""
    key = {"type": "button", "data_photo": photo.digest}
    if (decision := decided.get(photo.digest)) is not None:
        return html.p[f"✓ the other one {_done(decision)} ", html.button("t-link", **key, data_act="undo")["Undo"]]
    return html.p[html.button("t-link", **key, data_act=LEAVE_OUT)["Leave out the other one"]]


def _done(decision: Correction) -> str:
    return {KEEP: "kept", LEAVE_OUT: "left out"}.get(decision.act, f"moved to “{decision.to}”")


def _decisions(decided: Mapping[str, Correction]) -> Markup:
    """What was decided about the folder so far; nothing where nothing was."""
    counts = [
        f"{count} {what}"
        for act, what in ((MOVE, "moved"), (LEAVE_OUT, "left out"), (KEEP, "kept"))
        if (count := sum(each.act == act for each in decided.values()))
    ]
    if not decided:
        return html.NOTHING
    undo = html.button("t-link", type="button", data_act="undo all")["Undo all"]
    words = (
        f"{counted(len(decided), 'photo')} decided: {', '.join(counts)}. All later runs over this folder will know. "
    )
    return html.p("t-decisions")[words, undo]
