"""Photos to look at: lists of photos that may be wrong, each to be kept, moved or left out, and then trained again.

What is found is the desk's business (`commands.review`); here it is shown, and every press is a decision that is
kept at once and can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.dataset.corrections import KEEP, LEAVE_OUT, MOVE, Correction
from transfer.drawing import html
from transfer.drawing.figures import shortened
from transfer.drawing.galleries import THUMBNAIL
from transfer.drawing.panels import card, error_panel, muted, panel, picture, shown
from transfer.drawing.quantities import counted, percent
from transfer.errors import TransferError
from transfer.runs.review import COPIES, LISTS, MISLABELLED, ODD, UNCERTAIN, Leak, Review, Suspect
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.photos.view import PURPOSES
from transfer.ui.shared import steps
from transfer.ui.shared.checking import Watched, checking_bar
from transfer.ui.shared.events import CHOOSE, QUICK, QUIET
from transfer.ui.shared.served import new_place

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

# What was asked for went well; what did not stays to be read.
OPEN = f"told => {{ if (told.includes('t-good')) ({steps.opening('train')})(); }}"
DOWNLOAD = "told => told || setTimeout(() => document.getElementById('review-file').click(), 300)"


@dataclass(frozen=True)
class ReviewSection:
    """Its components, in the order in which they are shown."""

    found: gr.HTML
    told: gr.HTML
    look: gr.Button
    train: gr.Button
    regroup: gr.Button
    copy: gr.Button
    file: gr.DownloadButton
    listed: gr.State

    @property
    def screen(self) -> list[Any]:
        """What `shown_of` gives the values of."""
        return [self.found, self.told, self.look, self.train, self.regroup, self.copy]


def build() -> ReviewSection:
    """The section, inside the tab that is open."""
    found = gr.HTML(js_on_load=CHOOSE, elem_id="results-review")
    told = gr.HTML(elem_id="review-told")
    with gr.Row(elem_classes="t-buttons"):
        look = gr.Button("Look for photos to correct", visible="hidden", elem_id="review-look")
        train = gr.Button(
            "Train again with these corrections", variant="primary", visible="hidden", elem_id="review-train"
        )
        regroup = gr.Button("Train again, split by group", visible="hidden", elem_id="review-regroup")
        copy = gr.Button("Download a corrected copy", visible="hidden", elem_id="review-copy")
        file = gr.DownloadButton(visible="hidden", elem_id="review-file")  # written when it is asked for
    return ReviewSection(found, told, look, train, regroup, copy, file, gr.State({}))


def wire(context: Context, section: ReviewSection, chosen: gr.BrowserState) -> Callable[[Run | None, Any], list[Any]]:
    """What its buttons do. Returns what gives the values of `section.screen` for a run and what is listed of it."""
    reviews = context.desk.reviews

    @lru_cache(maxsize=4)
    def small(paths: tuple[Path, ...]) -> Sequence[str | None]:
        return context.desk.photos.thumbnails(paths, THUMBNAIL)

    def shown_of(run: Run | None, listed: Any) -> list[Any]:
        if run is None or not run.metrics_file.exists():
            return ["", "", *[gr.Button(visible="hidden")] * 4]
        review, decided = run.review(), reviews.corrections(run).all
        changes = sum(each.act != KEEP for each in decided.values())
        leaks = review is not None and review.leak is not None and bool(review.leak.shared)
        return [
            card(view(run, review, decided, _of(listed, run), small)),
            "",
            gr.Button(visible=shown(review is None)),
            gr.Button(visible=shown(changes > 0)),
            gr.Button(visible=shown(leaks and run.config.split_by != "group")),
            gr.Button(visible=shown(changes > 0)),
        ]

    def look(run_id: str, listed: Any) -> Iterator[dict[Any, Any]]:
        yield {section.told: checking_bar("Looking at the photos."), section.look: gr.Button(visible="hidden")}
        try:
            making = Watched(lambda tell: reviews.of(run_id))
            for _ in making.watch():
                yield {section.told: checking_bar("Looking at the photos.")}
        except TransferError as error:
            yield {section.told: error_panel(error), section.look: gr.Button(visible=True)}
            return
        yield dict(zip(section.screen, shown_of(context.run(run_id), listed), strict=True))

    def press(run_id: str, listed: Any, event: gr.EventData) -> dict[Any, Any]:
        """Another list, more of it, or a decision about a photo."""
        run = context.run(run_id)
        if run is None:
            return {section.told: ""}
        now = _of(listed, run)
        if (which := getattr(event, "list", None)) in LISTS:
            now = now | {"list": which, "all": False}
        elif getattr(event, "more", None):
            now = now | {"all": True}
        else:
            try:
                _decide(reviews.correct, reviews.undo, run, event)
            except TransferError as error:
                return {section.told: error_panel(error)}
        return {section.listed: now} | dict(zip(section.screen, shown_of(run, now), strict=True))

    def again(run_id: str, split_by: str = "") -> dict[Any, Any]:
        try:
            run = reviews.train_again(run_id, split_by=split_by)
        except TransferError as error:
            return {section.told: error_panel(error)}
        words = f"“{run.name}” trains with the same settings: see {steps.step('train')}."
        return {section.told: panel("good", words), chosen: run.id}

    def download(run_id: str) -> dict[Any, Any]:
        try:
            run = context.desk.runs.get(run_id)
            file = reviews.copy(run_id, new_place(f"{Path(run.config.photos).name} corrected.zip"))
            return {section.file: gr.DownloadButton(value=str(file)), section.told: ""}
        except TransferError as error:
            return {section.told: error_panel(error)}

    everything = [section.listed, *section.screen]
    section.look.click(look, [chosen, section.listed], section.screen, **QUIET)
    section.found.click(press, [chosen, section.listed], everything, **QUIET)
    for button, split_by in ((section.train, ""), (section.regroup, "group")):
        begun = button.click(lambda run_id, by=split_by: again(run_id, by), chosen, [section.told, chosen], **QUIET)
        begun.then(None, section.told, js=OPEN, **QUICK)
    written = section.copy.click(download, chosen, [section.file, section.told], **QUIET)
    written.then(None, section.told, js=DOWNLOAD, **QUICK)
    return shown_of


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
    some = suspects if listed["all"] else suspects[:FIRST]
    twins = {pair.first.digest: pair for pair in review.copies} if which == COPIES else {}
    paths = [each.path for each in some] + [twins[each.digest].second.path for each in some if twins]
    pictures = dict(zip(paths, small(tuple(Path(run.dataset.root) / path for path in paths)), strict=True))
    cards = (
        _card(each, twins.get(each.digest), decided.get(each.digest), pictures, run.dataset.classes, which)
        for each in some
    )
    more = html.button("t-link", type="button", data_more="1")[f"Show all {len(suspects)}"]
    leak, said = review.leak, html.NOTHING
    if leak is not None:
        said = panel("warning" if leak.doubtful else "info", leak.title, leak.in_words())
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
    twin: Any,
    decision: Correction | None,
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
    if decision is not None:
        undo = html.button("t-link", **key, data_act="undo")["Undo"]
        return html.figure("t-decided")[images, about, html.p["✓ ", _done(decision), " ", undo]]
    names = [photo.said, *(name for name in classes if name not in (photo.said, photo.label))]
    options = (html.option(value=name)[name] for name in names)
    buttons = [
        html.button(**key, data_act=KEEP, title="it is right as it is")["Keep"],
        html.button(**key, data_act=LEAVE_OUT, title="nothing is to be learned from it")["Leave out"],
        html.span[html.button(**key, data_act=MOVE)["Move to"], html.select(aria_label="class")[options]],
    ]
    return html.figure[images, about, html.div("t-acts")[buttons]]


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


def _of(listed: Any, run: Run) -> dict[str, Any]:
    """Which list of a run is shown; the first one of a run that was not shown before."""
    return (
        listed
        if isinstance(listed, dict) and listed.get("run") == run.id
        else {"run": run.id, "list": MISLABELLED, "all": False}
    )


def _decide(correct: Callable[..., Any], undo: Callable[..., Any], run: Run, event: gr.EventData) -> None:
    act = str(getattr(event, "act", ""))
    if act == "undo all":
        undo(run.id)
        return
    digest = str(getattr(event, "photo", ""))
    path = next((photo.path for photo in run.dataset.photos if photo.digest == digest), "")
    if act == "undo":
        undo(run.id, [path])
    else:
        correct(run.id, [path], act, str(getattr(event, "to", "")))
