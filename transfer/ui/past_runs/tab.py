"""Past runs: what was trained, to find again, to look at, to compare, to start from, or to throw away."""

from __future__ import annotations

from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import empty, error_panel, lead, muted, panel
from transfer.drawing.quantities import megabytes
from transfer.errors import TransferError
from transfer.feature_store.store import FeatureStore
from transfer.runs.notes import LONGEST_NAME, LONGEST_NOTE
from transfer.runs.run import Run
from transfer.runs.status import ALIVE
from transfer.runs.summary import DAMAGED, Summary
from transfer.ui.context import Context
from transfer.ui.network.tab import NetworkTab
from transfer.ui.past_runs import bin
from transfer.ui.past_runs.comparison import side_by_side
from transfer.ui.past_runs.table import ORDERS, chosen_from, listing
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import steps
from transfer.ui.shared.again import FIRST, again
from transfer.ui.shared.events import LISTEN, QUIET, follow

BEAT = 3.0  # seconds between two looks while something waits or trains


def past_runs_tab(context: Context, chosen: gr.BrowserState, photos: PhotosTab, network: NetworkTab) -> None:
    """The tab, inside the `gr.Tabs` that is open."""
    desk = context.desk
    with steps.tab("runs") as tab:
        gr.HTML(lead("Everything that was trained here. Click a run to see it in all the tabs."))
        with gr.Row(elem_classes="t-search"):
            search = gr.Textbox(
                placeholder="Search names, notes, photos, networks",
                show_label=False,
                container=False,
                scale=3,
                max_lines=1,
                elem_id="runs-search",
            )
            order = gr.Dropdown([*ORDERS], show_label=False, container=False, scale=2, elem_id="runs-order")
            starred = gr.Checkbox(label="Only starred", container=False, scale=1, elem_id="runs-starred")
        with gr.Column(elem_classes="t-card"):
            table = gr.HTML(js_on_load=LISTEN, elem_id="runs-list")
        told = gr.HTML(elem_id="runs-told")
        with gr.Row(elem_classes="t-buttons"):
            undo = gr.Button("Undo: put it back", visible="hidden", elem_id="undo-delete")
        with gr.Column(elem_classes="t-card"):
            with gr.Row():
                name = gr.Textbox(
                    label="Name of the chosen run", max_length=LONGEST_NAME, max_lines=1, scale=1, elem_id="run-name"
                )
                note = gr.Textbox(label="Note", max_length=LONGEST_NOTE, lines=1, scale=2, elem_id="run-note")
            with gr.Row(elem_classes="t-buttons"):
                save = gr.Button("Save name and note", elem_id="save-notes")
                reuse = gr.Button("Use its settings for a new run", elem_id="use-settings")
                delete = gr.Button("Delete", variant="stop", elem_id="delete-run")
        version_shown, thrown, timer = gr.State(None), gr.State(""), gr.Timer(BEAT, active=False)
        marked = gr.State([])
        compared = gr.HTML(elem_id="runs-compared")
        with gr.Accordion("Bin", open=False, elem_id="bin"):
            binned = gr.HTML(js_on_load=LISTEN, elem_id="bin-list")
            with gr.Row(elem_classes="t-buttons"):
                emptying = gr.Button("Empty the bin for good", elem_id="empty-bin")
        with gr.Accordion("Room taken for a faster start (remembered features)", open=False, elem_id="remembered"):
            size = gr.HTML(elem_id="remembered-size")
            with gr.Row(elem_classes="t-buttons"):
                clear = gr.Button("Clear", elem_id="clear-remembered")
    sought = [search, order, starred]
    screen = [version_shown, timer, table, compared, binned]

    def look(run_id: str, words: str, by: str, only: bool, compare: list[str], last_seen: Any = None) -> list[Any]:
        runs, gone = desk.runs.summaries(), desk.workspace.bin.runs()
        version = hash((run_id, words, by, only, *compare, *runs, *gone))
        if version == last_seen:
            return [gr.skip()] * len(screen)
        sound = [each for each in runs if each.status != DAMAGED]
        nothing = empty("Nothing has been trained yet. Your runs will be listed here.")
        return [
            version,
            gr.Timer(active=any(each.status in ALIVE | {"queued"} for each in runs)),
            listing(chosen_from(runs, words or "", by, only), run_id, compare) if runs else nothing,
            side_by_side(sound, compare),
            bin.contents(gone),
        ]

    def press(compare: list[str], event: gr.EventData) -> dict[Any, Any]:
        """A click in the table: on a mark, a star, a name, or another button that stands in the row of a run."""
        try:
            if mark := getattr(event, "compare", None):
                others = [each for each in compare if each != mark]
                return {marked: others if len(others) < len(compare) else [*others, str(mark)], told: ""}
            if star := getattr(event, "star", None):
                desk.runs.star(str(star))
                return {told: ""}
            if damaged := getattr(event, "delete", None):
                return thrown_away(desk.runs.discard(str(damaged)).id)
            if (paused := getattr(event, "pause", None)) or (resumed := getattr(event, "resume", None)):
                ask = desk.training.pause if paused else desk.training.resume
                return {chosen: ask(str(paused or resumed)).id, told: ""}
            run = desk.runs.get(str(event.name))
            return {chosen: run.id, told: ""}
        except TransferError as error:
            return {told: error_panel(error)}

    def notes(run_id: str) -> tuple[str, str]:
        run = context.run(run_id)
        return (run.name, run.notes.note) if run else ("", "")

    def keep(run_id: str, called: str, text: str) -> Markup:
        if not run_id:
            return empty(FIRST)
        try:
            run = desk.runs.annotate(run_id, name=" ".join((called or "").split()), note=text or "")
        except TransferError as error:
            return error_panel(error)
        return panel("good", f"Kept with “{run.name}”.")

    def discard(run_id: str) -> dict[Any, Any]:
        if not run_id:
            return {told: empty(FIRST)}
        try:
            return {**thrown_away(desk.runs.discard(run_id).id), chosen: "", name: "", note: ""}
        except TransferError as error:
            return {told: error_panel(error)}

    def thrown_away(run_id: str) -> dict[Any, Any]:
        called = Summary.of(Run(desk.workspace.bin.folder / run_id)).name
        words = panel("good", f"“{called}” is in the bin.", "It can be put back until the bin is emptied.")
        return {told: words, undo: gr.Button(visible=True), thrown: run_id}

    def put_back(run_id: str) -> dict[Any, Any]:
        try:
            run = desk.runs.restore(run_id)
        except TransferError as error:
            return {told: error_panel(error), undo: gr.Button(visible="hidden")}
        words = panel("good", f"“{Summary.of(run).name}” is back.")
        return {told: words, undo: gr.Button(visible="hidden"), chosen: run.id}

    def back(event: gr.EventData) -> dict[Any, Any]:
        return put_back(str(event.back))

    def empty_it() -> dict[Any, Any]:
        freed = desk.workspace.bin.empty()
        return {told: panel("good", f"{megabytes(freed)} freed."), undo: gr.Button(visible="hidden")}

    # All of it again whenever the tab is opened: what is sent to a tab that nobody sees may be lost.
    tab.select(look, [chosen, *sought, marked], screen, **QUIET)
    looked = [chosen.change, timer.tick, search.change, order.change, starred.change]
    follow(looked, look, [chosen, *sought, marked, version_shown], screen, **QUIET)
    follow([tab.select, chosen.change], notes, chosen, [name, note], **QUIET)
    acts = [
        table.click(press, marked, [chosen, told, undo, thrown, marked], **QUIET),
        gr.on([save.click, name.submit], keep, [chosen, name, note], told, **QUIET),
        delete.click(discard, chosen, [told, undo, thrown, chosen, name, note], **QUIET),
        undo.click(put_back, thrown, [told, undo, chosen], **QUIET),
        binned.click(back, None, [told, undo, chosen], **QUIET),
        emptying.click(empty_it, None, [told, undo], **QUIET),
    ]
    for act in acts:
        act.then(look, [chosen, *sought, marked, version_shown], screen, **QUIET)
    follow([tab.select, chosen.change], lambda: remembered(desk.workspace.features), None, size, **QUIET)
    clear.click(lambda: cleared(desk.workspace.features), None, size, **QUIET)
    reuse.click(
        lambda run_id: again(context.run(run_id)), chosen, [told, photos.path, *network.fields.values()], **QUIET
    )


def remembered(store: FeatureStore) -> Markup:
    """How much of the disk is taken by what networks said about photos."""
    about = "What the network saw in your photos is kept, so that the next run over the same photos starts at once."
    taken = f"It takes {megabytes(store.size())} of {megabytes(store.cap_bytes)}."
    return html.join(html.p[taken], muted(about))


def cleared(store: FeatureStore) -> Markup:
    """Throw it away, except what a run uses right now, and say so."""
    done = store.clear()
    title = f"{megabytes(done.bytes)} freed."
    if done.in_use:
        title += " What the run in training uses was kept."
    return html.join(panel("good", title), remembered(store))
