"""Step 3: start a run and watch it. Nothing trains here: the run directory is made here and read here.

The screen is a function of that directory, so a reload, a second browser or a restarted app shows the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.commands.desk import Desk
from transfer.errors import TransferError
from transfer.messages.events import Progressed
from transfer.runs.run import Run
from transfer.runs.status import Status
from transfer.ui.context import Context
from transfer.ui.network.tab import ModelTab
from transfer.ui.photos import view as photos_view
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import form
from transfer.ui.shared.checking import Watched
from transfer.ui.shared.panels import empty, error_panel, lead, shown
from transfer.ui.train import view as run_view

QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None}
BEAT = 1.0  # seconds between two looks at a run that is alive


@dataclass(frozen=True)
class TrainTab:
    """Buttons that lead to other tabs (`go`)."""

    go: dict[str, gr.Button] = field(default_factory=dict)


def build(context: Context, photos: PhotosTab, model: ModelTab, chosen: gr.BrowserState) -> TrainTab:
    """The tab, inside the `gr.Tabs` that is open; `chosen` is the id of the run that all tabs show."""
    with gr.Tab("3 Train", id="train", render_children=True) as tab:
        gr.HTML(lead("Press Train and watch it learn. You may close this page: training goes on."))
        with gr.Column(elem_classes="t-card"):
            plan = gr.HTML(elem_id="train-plan")
            where = gr.HTML(elem_id="train-device")
            with gr.Row(elem_classes="t-buttons"):
                train = gr.Button("Train", variant="primary", elem_id="train")
        trouble = gr.HTML(elem_id="train-trouble")
        with gr.Column(elem_classes="t-card", elem_id="train-run"):
            state = gr.HTML(empty("Nothing has been trained yet."), elem_id="run-state")
            with gr.Row(elem_classes="t-buttons"):
                stop = gr.Button("Stop and keep the best", variant="stop", visible="hidden", elem_id="stop")
                resume = gr.Button("Resume", variant="primary", visible="hidden", elem_id="resume")
                results = gr.Button("See the results", variant="primary", visible="hidden", elem_id="see-results")
            charts = gr.HTML(elem_id="run-curves")
            remarks = gr.HTML(elem_id="run-remarks")
            log = gr.HTML(elem_id="run-log")
        # Inside the tab: Gradio counts whatever stands between two tabs as a tab.
        seen = gr.State(None)
        timer = gr.Timer(BEAT, active=False)
    screen = [seen, timer, state, stop, resume, results, charts, remarks, log]

    def look(run_id: str, last_seen: Any) -> list[Any]:
        """The screen for the chosen run; nothing at all when nothing changed since the last look."""
        run = context.run(run_id)
        version = run.version() if run else ("", run_id)
        if version == last_seen:
            return [gr.skip()] * len(screen)
        if run is None:
            words = "Nothing has been trained yet. Check your photos in step 1, then press Train."
            hidden = [gr.Button(visible="hidden")] * 3
            return [version, gr.Timer(active=False), empty(words), *hidden, "", "", ""]
        status = run.status()
        return [
            version,
            gr.Timer(active=not status.over),
            run_view.state(run),
            _stop_button(run, status),
            gr.Button(visible=shown(status.state == "interrupted")),
            gr.Button(visible=shown(run.metrics() is not None)),
            run_view.charts(run),
            run_view.remarks(run),
            run_view.log(run),
        ]

    def begin(folder: str, *given: Any) -> Iterator[dict[Any, Any]]:
        """Check once more, then put a new run in the queue."""
        yield {trouble: photos_view.progress("Getting ready.")}
        try:
            settings = {**form.named(given), "photos": folder}
            making = Watched(lambda tell: context.desk.train(settings, progress=tell))
            for done in making.watch():
                yield {trouble: photos_view.progress("Checking your photos once more.", done)}
            assert making.result is not None
        except TransferError as error:
            yield {trouble: error_panel(error)}
            return
        yield {trouble: "", chosen: making.result.id}

    def ask(act: Callable[[str], Run], run_id: str) -> str:
        try:
            act(run_id)
        except TransferError as error:
            return error_panel(error)
        return ""

    def first(run_id: str) -> str:
        """Which run a page shows when it is opened: the one in training, else the last one seen, else the newest."""
        active = context.desk.workspace.active()
        run = active or context.run(run_id) or next(iter(context.desk.runs()), None)
        return run.id if run else ""

    def planned(remembered: str, summary: dict[str, Any], *given: Any) -> str:
        if remembered and not summary:
            return empty(f"The photos in {remembered} have to be looked at once more: see step 1.")
        return _plan(context.desk, summary, form.named(given))

    def device() -> Iterator[str]:
        yield _where("looking at this machine …")
        try:
            yield _where(context.desk.machine().description)
        except TransferError as error:
            yield error_panel(error)

    values = list(model.fields.values())
    begun = gr.on(
        [train.click, photos.straight.click],
        begin,
        [photos.folder, *values],
        [trouble, chosen],
        api_visibility="private",
        **QUIET,
    )
    begun.then(look, [chosen, seen], screen, api_visibility="private", **QUIET)
    stopped = stop.click(
        lambda run_id: ask(context.desk.stop, run_id), chosen, trouble, api_visibility="private", **QUIET
    )
    resumed = resume.click(
        lambda run_id: ask(context.desk.resume, run_id), chosen, trouble, api_visibility="private", **QUIET
    )
    gr.on(
        [timer.tick, chosen.change, tab.select],
        look,
        [chosen, seen],
        screen,
        api_visibility="private",
        **QUIET,
    )
    for asked in (stopped, resumed):
        asked.then(look, [chosen, seen], screen, api_visibility="private", **QUIET)
    context.page().load(first, chosen, chosen, api_visibility="private", **QUIET).then(
        look, [chosen, seen], screen, api_visibility="private", **QUIET
    )
    gr.on(
        [photos.summary.change, tab.select],
        planned,
        [photos.remembered, photos.summary, *values],
        plan,
        api_visibility="private",
        **QUIET,
    )
    # The last of this tab: the page takes them one after the other, and the first answer to this needs TensorFlow.
    tab.select(device, None, where, api_visibility="private", **QUIET)
    return TrainTab({"results": results})


def _plan(desk: Desk, summary: dict[str, Any], settings: dict[str, Any]) -> str:
    """What pressing Train would do, in a few lines."""
    if not summary:
        return empty("No photos yet: check a folder in step 1, or use the sample photos.")
    try:
        config = desk.config({**settings, "photos": summary["root"]})
    except TransferError as error:
        return error_panel(error)
    sizes = summary["photos"]
    rounds = f"{_rounds(config.head_epochs)} for the new layers"
    rounds = f"at most {rounds}" if config.early_stopping_patience else rounds
    rounds += f", then {_rounds(config.fine_tune_epochs)} of fine-tuning" if config.fine_tunes else ""
    width = f", width {config.alpha:g}" if config.alpha != 1 else ""
    rows = [
        (
            "Photos",
            f"{Path(summary['root']).name}: {sizes['train']:,} to learn from, {len(summary['classes'])} classes",
        ),
        ("Network", f"{Path(config.backbone).stem}{width}"),
        ("Rounds", rounds),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f'<dl class="t-summary">{listed}</dl>'


def _rounds(number: int) -> str:
    return f"{number} round{'' if number == 1 else 's'}"


def _where(words: str) -> str:
    return f'<dl class="t-summary"><dt>Trains on</dt><dd>{escape(words)}</dd></dl>'


def _stop_button(run: Run, status: Status) -> Any:
    """What stopping would mean right now; nothing once all rounds are done and the model is only being written."""
    if status.state == "queued":
        return gr.Button("Take off the queue", visible=True, interactive=True)
    progress = run.log.newest(Progressed)
    done = progress is not None and progress.stage in {"evaluate", "export"}
    return gr.Button(
        "Stop and keep the best", visible=shown(status.alive and not done), interactive=status.state != "stopping"
    )
