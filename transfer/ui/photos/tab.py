"""The photos come in (a folder, a zip, or the built-in samples), are checked, and are shown.

What is shown of a checked folder is made in `view`, the folder browser in `folders`; here they are wired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.config import RunConfig
from transfer.dataset.dataset import SPLITS, Dataset
from transfer.door.uploads import LIMITS
from transfer.drawing import html
from transfer.drawing.panels import card, error_panel, lead, muted, shown
from transfer.errors import TransferError
from transfer.ui.context import Context
from transfer.ui.photos import folders, view
from transfer.ui.shared import steps
from transfer.ui.shared.checking import Watched, checking_bar
from transfer.ui.shared.events import LISTEN, QUIET, follow

Tell = Callable[[int, int], None]
Updates = dict[Any, Any]


@dataclass(frozen=True)
class PhotosTab:
    """What other tabs need of this one.

    Attributes:
        folder: the folder that was checked and can be trained from; "" when there is none.
        summary: about that folder: `{"root", "classes": [names], "photos": {split: count}}`, or {}.
        dataset: the checked `Dataset` itself, or None.
        path: where the folder is typed.
        remembered: the folder that this browser used last, checked again whenever the page is opened; or "".
        straight: starts training with the settings as they are; it also leads to that tab.
        go: buttons that lead to other tabs.
    """

    folder: gr.Textbox
    summary: gr.State
    dataset: gr.State
    path: gr.Textbox
    remembered: gr.BrowserState
    straight: gr.Button
    go: dict[str, gr.Button] = field(default_factory=dict)


def photos_tab(context: Context, stored: gr.BrowserState, settings: gr.BrowserState) -> PhotosTab:
    """The tab, inside the `gr.Tabs` that is open; `stored` keeps the folder, `settings` say how it is split."""
    desk = context.desk
    with steps.tab("photos"):
        gr.HTML(lead("Show Transfer your photos: one folder with a sub-folder for each thing it should learn."))
        with gr.Row(elem_classes="t-ways"):
            with gr.Column(scale=5, min_width=300, elem_classes="t-card"):
                gr.HTML(html.h3["A folder on this computer"])
                path = gr.Textbox(
                    show_label=False,
                    placeholder="/home/me/my photos",
                    max_lines=1,
                    elem_id="photos-path",
                    container=False,
                    html_attributes=gr.InputHTMLAttributes(spellcheck=False, autocomplete="off"),
                )
                with gr.Row(elem_classes="t-buttons"):
                    check = gr.Button("Check photos", variant="primary", elem_id="check-photos")
                    browse = gr.Button("Browse …", elem_id="browse-folders")
                listing = gr.HTML(visible="hidden", js_on_load=LISTEN, elem_id="folder-browser")
            with gr.Column(scale=3, min_width=240, elem_classes="t-card"):
                gr.HTML(html.join(html.h3["A zip file"], muted(f"At most {LIMITS.shown('.zip')}.")))
                upload = gr.File(
                    file_types=[".zip"], show_label=False, container=False, height=120, elem_id="photos-zip"
                )
            with gr.Column(scale=3, min_width=240, elem_classes="t-card"):
                offer = "Try everything with small pictures that come with Transfer."
                gr.HTML(html.join(html.h3["No photos at hand?"], html.p[offer]))
                sample = gr.Button("Use sample photos", elem_id="use-samples")
        state = gr.HTML(elem_id="photos-state")
        with gr.Row(elem_classes="t-buttons"):
            # style.css shows it while something is being checked, and "Next" once something was: a button that is told
            # to appear and, an instant later, to go away may do either.
            stop = gr.Button("Stop checking", size="md", elem_id="stop-checking")
        found = gr.HTML(elem_id="photos-found")
        corrected = gr.HTML(js_on_load=LISTEN, elem_id="photos-corrected")
        left_out = gr.HTML(elem_id="photos-left-out")
        with gr.Row(elem_classes="t-end"):
            straight = gr.Button("Train right away", elem_id="train-straight")
            following = gr.Button("Next: choose a network", variant="primary", elem_id="next-network")
        page = gr.Dropdown(label="Classes shown below", visible="hidden", elem_id="photos-page")
        sheets = gr.HTML(elem_id="photos-sheets")
        folder = gr.Textbox(visible="hidden", elem_id="photos-folder")
        summary = gr.State({})
        dataset = gr.State(None)
        division = gr.State({})

    def nothing() -> Updates:
        """No checked photos: until others are, there is nothing to train from either."""
        return {found: "", corrected: "", left_out: "", sheets: "", folder: "", summary: {}, dataset: None}

    def begin(doing: str) -> Updates:
        return {
            state: checking_bar(doing),
            **nothing(),
            listing: gr.HTML(visible="hidden"),
        }

    def show(checked: Dataset, divided: dict[str, Any]) -> Iterator[Updates]:
        choices = view.pages(checked)
        yield {
            state: "",
            found: card(view.found(checked)),
            corrected: view.corrections(checked),
            left_out: view.left_out(checked),
            page: gr.Dropdown(choices, value=0, visible=shown(len(choices) > 1)),
            sheets: "",
            folder: checked.root,
            stored: checked.root,
            summary: about(checked),
            dataset: checked,
            division: divided,
        }
        yield {sheets: view.sheets(checked, desk.photos.contact_sheets)}

    def failed(error: TransferError) -> Updates:
        return {
            state: error_panel(error),
            **nothing(),
            stored: "",
        }

    def checked(doing: str, given: Any, prepare: Callable[[Tell], Path]) -> Iterator[Updates]:
        """Bring the photos in, check them, show them; every step can be left by closing this generator."""
        yield begin(doing)
        way_back = html.NOTHING
        try:
            place: Watched[Path] = Watched(prepare)
            for progress in place.watch():
                yield {state: checking_bar(doing, progress)}
            assert place.result is not None
            root = place.result
            way_back = view.undo_all(str(root), desk.reviews.changed_in(root))
            divided = dividing(given)
            scanned: Watched[Dataset] = Watched(lambda tell: desk.check(root, **divided, progress=tell))
            for progress in scanned.watch():
                yield {state: checking_bar("Checking your photos.", progress)}
            assert scanned.result is not None
        except TransferError as error:
            yield failed(error) | {corrected: way_back}
        else:
            yield {path: str(root)}
            yield from show(scanned.result, divided)

    def divide(root: str, given: Any, as_it_is: dict[str, Any]) -> Iterator[Updates]:
        """Split the photos anew where the settings say otherwise now."""
        if not root or (divided := dividing(given)) == as_it_is:
            yield {division: as_it_is}  # one that yields nothing empties all of its outputs
            return
        try:
            found = desk.check(root, **divided)
        except TransferError as error:
            yield failed(error)
        else:
            yield from show(found, divided)

    def check_path(text: str, given: Any) -> Iterator[Updates]:
        yield from checked("Looking at the folder.", given, lambda tell: desk.roots.confine(text))

    def check_stored(text: str, given: Any) -> Iterator[Updates]:
        if text:
            yield from checked("Looking at your photos again.", given, lambda tell: desk.roots.confine(text))
        else:
            yield {state: view.nothing_yet()}

    def check_upload(file: str | None, given: Any) -> Iterator[Updates]:
        if file is None:
            return
        yield {upload: None}
        try:
            yield from checked("Unpacking the zip file.", given, lambda tell: desk.unpack(Path(file)))
        finally:
            Path(file).unlink(missing_ok=True)  # the photos are in the workspace, or the zip was refused

    def undo(text: str, given: Any, event: gr.EventData) -> Iterator[Updates]:
        digest = str(getattr(event, "undo", ""))
        text = text or str(getattr(event, "folder", ""))  # of one that cannot be used as it is
        try:
            desk.reviews.undo_in(text, None if digest == "all" else [digest])
        except TransferError as error:
            yield {state: error_panel(error)}
            return
        yield from check_path(text, given)

    def use_samples(given: Any) -> Iterator[Updates]:
        yield from checked("Drawing the sample photos.", given, lambda tell: desk.draw_samples(progress=tell))

    everything = [
        path, upload, state, listing, found, corrected, left_out, page, sheets,
        folder, stored, summary, dataset, division,
    ]  # fmt: skip
    checks = [
        gr.on([check.click, path.submit], check_path, [path, settings], everything, **QUIET),
        upload.upload(check_upload, [upload, settings], everything, **QUIET),
        sample.click(use_samples, settings, everything, **QUIET),
        corrected.click(undo, [folder, settings], everything, **QUIET),
        context.page().load(check_stored, [stored, settings], everything, **QUIET),
    ]
    follow([settings.change], divide, [folder, settings, division], everything, **QUIET)
    stop.click(
        view.stopped,
        outputs=state,
        cancels=checks,
        **QUIET,
    )
    page.input(
        lambda checked, number: view.sheets(checked, desk.photos.contact_sheets, number) if checked else "",
        [dataset, page],
        sheets,
        **QUIET,
    )
    folders.wire(context.desk.roots, path, browse, listing)
    go = {"network": following, "train": straight}
    return PhotosTab(folder, summary, dataset, path, stored, straight, go)


def dividing(settings: Any) -> dict[str, Any]:
    """By what photos are split, of the settings that this browser remembers; the defaults where they make no sense."""
    given = {name: settings[name] for name in ("seed", "split_by") if isinstance(settings, dict) and name in settings}
    try:
        config = RunConfig.from_dict(given)
    except TransferError:  # the form says so where it was typed
        config = RunConfig()
    return {"seed": config.seed, "split_by": config.split_by}


def about(dataset: Dataset) -> dict[str, Any]:
    """What other tabs say about the photos."""
    sizes = {split: len(dataset.of(split)) for split in SPLITS}
    return {"root": dataset.root, "classes": list(dataset.classes), "photos": sizes}
