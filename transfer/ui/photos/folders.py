"""The folder browser: a list of sub-folders to click through, confined to the allowed roots.

Every path that comes back from the browser goes through `Roots.confine` before anything is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.dataset.roots import Roots
from transfer.drawing import html
from transfer.drawing.panels import error_panel
from transfer.errors import TransferError
from transfer.ui.shared.events import QUIET

SHOWN = 300  # sub-folders of one folder


def wire(roots: Roots, path: gr.Textbox, browse: gr.Button, listed: gr.HTML) -> None:
    """Open the browser where `path` says, at a click on `browse`; each folder clicked in it is put there."""

    def open_at(text: str) -> Any:
        try:
            found = listing(roots, text)
        except TransferError:  # whatever was typed is no folder to begin from: begin at the roots
            found = listing(roots, "")
        return gr.HTML(found, visible=True)

    def step(event: gr.EventData) -> tuple[Any, str]:
        place = str(event.place)
        try:
            return gr.HTML(listing(roots, place), visible=True), place
        except TransferError as error:
            return gr.HTML(error_panel(error), visible=True), place

    browse.click(open_at, path, listed, **QUIET)
    listed.click(step, None, [listed, path], **QUIET)


def listing(roots: Roots, path: str) -> Markup:
    """The way to a folder and the folders in it; the roots themselves when the path is empty.

    Raises:
        PhotosError: when the path is outside of the roots or no folder.
    """
    if not path.strip():
        return _list(html.b["Where to look"], [_item(root, str(root)) for root in roots.folders])
    folder = roots.confine(path)
    children = roots.children(folder)
    items = [_item(child, child.name) for child in children[:SHOWN]]
    if len(children) > SHOWN:
        items.append(html.li("t-muted")[f"… and {len(children) - SHOWN:,} more: type the path instead."])
    if not children:
        items.append(html.li("t-muted")["No folders in here."])
    return _list(_way(roots, folder), items)


def _list(way: Markup, items: list[Markup]) -> Markup:
    return html.div("t-plain t-folders")[html.nav[way], html.ul[items]]


def _way(roots: Roots, folder: Path) -> Markup:
    """Breadcrumbs from the nearest root down to the folder."""
    root = max((root for root in roots.folders if folder.is_relative_to(root)), key=lambda root: len(root.parts))
    steps = [root]
    for part in folder.relative_to(root).parts:
        steps.append(steps[-1] / part)
    links = [_button("", "Start"), *(_button(str(step), step.name or str(step)) for step in steps[:-1])]
    return Markup(" › ").join([*links, html.b[steps[-1].name or str(steps[-1])]])


def _item(path: Path, name: str) -> Markup:
    try:
        str(path).encode()
    except UnicodeEncodeError:  # bytes that are no text: the page could neither show the name nor send it back
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return html.li("t-muted")[f"{shown}: this name is not valid text (UTF-8), rename it to use it here."]
    return html.li[_button(str(path), name)]


def _button(place: str, name: str) -> Markup:
    return html.button(type="button", data_place=place)[name]
