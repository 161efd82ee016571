"""The queue: which runs wait, in which order, and buttons to change that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.errors import TransferError
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.network.tab import NetworkTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import html
from transfer.ui.shared.again import again
from transfer.ui.shared.events import LISTEN, QUIET, follow
from transfer.ui.shared.panels import card, error_panel, muted, scrolled

BEAT = 2.0  # seconds between two looks while a run waits

# What a button does with a run, by its name.
ACTS: dict[str, Callable[[Desk, str], Any]] = {
    "next": lambda desk, run: desk.queue.move(run, 1),
    "up": lambda desk, run: desk.queue.move(run, by=-1),
    "down": lambda desk, run: desk.queue.move(run, by=1),
    "remove": lambda desk, run: desk.queue.remove(run),
}


def queue_card(context: Context, photos: PhotosTab, network: NetworkTab, tab: gr.Tab, changed: list[Any]) -> None:
    """Its card, inside a tab; it is looked at again after events of `changed`."""
    desk = context.desk
    listed = gr.HTML(js_on_load=LISTEN, elem_id="queue-list")
    told = gr.HTML(elem_id="queue-told")
    seen, timer = gr.State(None), gr.Timer(BEAT, active=False)

    def look(last: Any = None) -> dict[Any, Any]:
        waiting = desk.queue.all()
        version = [(run.id, run.name) for run in waiting]
        if version == last:
            return {seen: last}
        return {
            seen: version,
            timer: gr.Timer(active=bool(waiting)),
            listed: queue(waiting),
        }

    def press(event: gr.EventData) -> dict[Any, Any]:
        act, run = str(event.act), str(event.run)
        try:
            if act == "clone":
                return dict(zip([told, photos.path, *network.fields.values()], again(desk.runs.get(run)), strict=True))
            if act in ACTS:
                ACTS[act](desk, run)
        except TransferError as error:
            return {told: error_panel(error)}
        return {told: ""}

    screen = [seen, timer, listed]
    pressed = listed.click(press, None, [told, photos.path, *network.fields.values()], **QUIET)
    follow([timer.tick, tab.select], look, seen, screen, **QUIET)
    for event in (pressed, *changed):
        event.then(look, seen, screen, **QUIET)
    context.page().load(look, None, screen, **QUIET)


def queue(waiting: list[Run]) -> Markup:
    """The waiting runs as a table, the next one first; nothing where none waits."""
    if not waiting:
        return html.NOTHING
    rows = [_row(place, run, place == len(waiting)) for place, run in enumerate(waiting, 1)]
    about = "One run trains at a time. The order is kept when Transfer is closed."
    return card(
        html.h3["Waiting runs"], scrolled(html.table("t-table t-plain t-queue")[html.tbody[rows]]), muted(about)
    )


def _row(place: int, run: Run, last: bool) -> Markup:
    def button(act: str, text: str, title: str, off: bool = False) -> Markup:
        return html.button(
            type="button", data_act=act, data_run=run.id, title=title, aria_label=f"{title}: {run.name}", disabled=off
        )[text]

    buttons = (
        button("up", "↑", "One place up", place == 1),
        button("down", "↓", "One place down", last),
        button("next", "Run next", "Run it next", place == 1),
        button("clone", "Clone", "Put its settings into the form, for another run"),
        button("remove", "Remove", "Take it off the queue"),
    )
    about = muted(f"{Path(run.config.photos).name} · {Path(run.config.backbone).stem}")
    return html.tr[
        html.td[str(place)], html.th(scope="row")[run.name, about], html.td[html.div("t-queue-buttons")[buttons]]
    ]
