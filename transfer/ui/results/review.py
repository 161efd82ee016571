"""Photos to look at: lists of photos that may be wrong, each to be kept, moved or left out, and then trained again.

What is found is the desk's business (`commands.review`); it is drawn in `suspects`. Here every press is a
decision that is kept at once and can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.dataset.corrections import KEEP
from transfer.drawing.galleries import THUMBNAIL
from transfer.drawing.panels import card, error_panel, panel, shown
from transfer.errors import TransferError
from transfer.runs.review import LISTS, MISLABELLED
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.results.suspects import view
from transfer.ui.shared import steps
from transfer.ui.shared.checking import Watched, checking_bar
from transfer.ui.shared.events import CHOOSE, QUICK, QUIET
from transfer.ui.shared.served import new_place

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


def wire(
    context: Context, section: ReviewSection, chosen: gr.BrowserState
) -> tuple[Callable[[Run | None, Any], list[Any]], gr.events.Dependency]:
    """What its buttons do.

    Returns:
        what gives the values of `section.screen` for a run and what is listed of it; and the event of a look.
    """
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
            gr.Button(visible=shown(review is None or review.leak is None)),
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

    def download(run_id: str) -> Iterator[dict[Any, Any]]:
        try:
            run = context.desk.runs.get(run_id)
            file = new_place(f"{Path(run.config.photos).name} corrected.zip", run.id)
            for _ in Watched(lambda tell: reviews.copy(run_id, file)).watch():
                yield {section.told: checking_bar("Writing the corrected copy.")}
        except TransferError as error:
            yield {section.told: error_panel(error)}
        else:
            yield {section.file: gr.DownloadButton(value=str(file)), section.told: ""}

    everything = [section.listed, *section.screen]
    looked = section.look.click(look, [chosen, section.listed], section.screen, **QUIET)
    # Whoever decides about one photo after the other is quicker than the answers come.
    section.found.click(press, [chosen, section.listed], everything, trigger_mode="multiple", **QUIET)
    for button, split_by in ((section.train, ""), (section.regroup, "group")):
        begun = button.click(lambda run_id, by=split_by: again(run_id, by), chosen, [section.told, chosen], **QUIET)
        begun.then(None, section.told, js=OPEN, **QUICK)
    written = section.copy.click(download, chosen, [section.file, section.told], **QUIET)
    written.then(None, section.told, js=DOWNLOAD, **QUICK)
    return shown_of, looked


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
