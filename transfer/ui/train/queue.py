"""The queue: which runs wait, in which order; dragging and buttons change that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.drawing import html
from transfer.drawing.panels import card, error_panel, muted, scrolled
from transfer.errors import TransferError
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.network.tab import NetworkTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared.again import again
from transfer.ui.shared.events import LISTEN, QUIET, follow

BEAT = 2.0  # seconds between two looks while a run waits

# What a button does with a run, by its name.
ACTS: dict[str, Callable[[Desk, str], Any]] = {
    "next": lambda desk, run: desk.queue.move(run, 1),
    "up": lambda desk, run: desk.queue.move(run, by=-1),
    "down": lambda desk, run: desk.queue.move(run, by=1),
    "remove": lambda desk, run: desk.queue.remove(run),
}

# A row that is dragged moves along among the others, and where it is let go is told. (Fingers have the buttons.)
DRAG = """
let dragged = null, before = null;
const rowOf = event => event.target.closest?.('tr[data-run]');
element.addEventListener('dragstart', event => {
  dragged = rowOf(event);
  if (!dragged) return;
  before = dragged.nextSibling;
  event.dataTransfer.effectAllowed = 'move';
  dragged.classList.add('t-dragged');
});
element.addEventListener('dragover', event => {
  const over = rowOf(event);
  if (!dragged?.isConnected || !over) return;
  event.preventDefault();
  const box = over.getBoundingClientRect();
  if (over !== dragged) over[event.clientY > box.top + box.height / 2 ? 'after' : 'before'](dragged);
});
element.addEventListener('drop', event => event.preventDefault());
element.addEventListener('dragend', event => {
  if (!dragged?.isConnected) return;
  const row = dragged, rows = row.parentNode;
  dragged = null;
  row.classList.remove('t-dragged');
  if (event.dataTransfer.dropEffect === 'none') rows.insertBefore(row, before);
  else trigger('click', {act: 'place', run: row.dataset.run, place: [...rows.children].indexOf(row) + 1});
});
"""


def queue_card(
    context: Context, photos: PhotosTab, network: NetworkTab, tab: gr.Tab, chosen: gr.BrowserState, changed: list[Any]
) -> None:
    """Its card, inside a tab; it is looked at again after events of `changed`."""
    desk = context.desk
    listed = gr.HTML(js_on_load=LISTEN + DRAG, elem_id="queue-list")
    told = gr.HTML(elem_id="queue-told")
    seen, timer = gr.State(None), gr.Timer(BEAT, active=False)

    def look(run_id: str, last: Any = None) -> dict[Any, Any]:
        waiting, busy = desk.queue.all(), desk.runs.at_work()
        unseen = busy if busy and busy.id != run_id else None  # what trains is not what the tab shows
        version = [(run.id, run.name) for run in [*waiting, *([unseen, unseen] if unseen else [])]]
        if version == last:
            return {seen: last}
        return {
            seen: version,
            timer: gr.Timer(active=bool(version)),
            listed: queue(waiting, unseen),
        }

    def press(event: gr.EventData) -> dict[Any, Any]:
        act, run, place = str(event.act), str(event.run), getattr(event, "place", None)
        try:
            if act == "show":
                return {told: "", chosen: run}
            if act == "clone":
                return dict(zip([told, photos.path, *network.fields.values()], again(desk.runs.get(run)), strict=True))
            if isinstance(place, int):
                desk.queue.move(run, place)
            elif act in ACTS:
                ACTS[act](desk, run)
        except TransferError as error:
            return {told: error_panel(error)}
        return {told: ""}

    screen = [seen, timer, listed]
    pressed = listed.click(press, None, [told, chosen, photos.path, *network.fields.values()], **QUIET)
    follow([timer.tick, tab.select, chosen.change], look, [chosen, seen], screen, **QUIET)
    for event in (pressed, *changed):
        event.then(look, [chosen, seen], screen, **QUIET)
    context.page().load(look, chosen, screen, **QUIET)


def queue(waiting: list[Run], unseen: Run | None = None) -> Markup:
    """The waiting runs as a table, the next one first; above it the one in training, where the tab shows another."""
    show = html.NOTHING
    if unseen:
        button = html.button("t-offer", type="button", data_act="show", data_run=unseen.id)["Show it"]
        show = html.div("t-offers")[html.span["Training now: ", html.b[unseen.name]], button]
    if not waiting:
        return card(show)
    rows = [_row(place, run, place == len(waiting)) for place, run in enumerate(waiting, 1)]
    about = "One run trains at a time. Drag the rows into order, or use the arrows; it is kept when Transfer is closed."
    return card(
        show, html.h3["Waiting runs"], scrolled(html.table("t-table t-plain t-queue")[html.tbody[rows]]), muted(about)
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
    return html.tr(data_run=run.id, draggable="true")[
        html.td[str(place)], html.th(scope="row")[run.name, about], html.td[html.div("t-queue-buttons")[buttons]]
    ]
