"""Start a run and watch it. Nothing trains here: the run directory is made here and read here.

The screen is a function of that directory, so a reload, a second browser or a restarted app shows the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.config import RunConfig
from transfer.drawing import html
from transfer.drawing.panels import empty, error_panel, lead, shown
from transfer.drawing.quantities import counted
from transfer.errors import ConfigError, TransferError
from transfer.runs.changes import ON_RESUME
from transfer.runs.run import Run
from transfer.runs.summary import DAMAGED
from transfer.ui.context import Context
from transfer.ui.network.tab import NetworkTab
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import form, steps
from transfer.ui.shared.checking import Watched, checking_bar
from transfer.ui.shared.events import LISTEN, QUICK, QUIET, follow
from transfer.ui.shared.run_summary import charts, charts_version
from transfer.ui.train import buttons, view
from transfer.ui.train.changes import ChangesFold
from transfer.ui.train.outlook import outlook_of_it
from transfer.ui.train.queue import queue_card

NOTHING_YET = "Nothing has been trained yet. What you train can be watched here."
CLOCK = 3.0  # seconds
BEAT = 1.0  # seconds between two looks at a run that is alive
# A page that is opened while something trains shows that, unless somebody was quicker.
OPEN = f"""training => {{
  if (training && document.querySelector('#tab-photos-button[aria-selected="true"]')) ({steps.opening("train")})();
}}"""


@dataclass(frozen=True)
class TrainTab:
    """Buttons that lead to other tabs (`go`)."""

    go: dict[str, gr.Button] = field(default_factory=dict)


def train_tab(context: Context, photos: PhotosTab, network: NetworkTab, chosen: gr.BrowserState) -> TrainTab:
    """The tab, inside the `gr.Tabs` that is open; `chosen` is the id of the run that all tabs show."""
    with steps.tab("train") as tab:
        gr.HTML(lead("Press Train and watch it learn. You may close this page: training goes on."))
        with gr.Column(elem_classes="t-card"):
            # Above what is said of it, which arrives bit by bit and would move the button under the hand.
            with gr.Row(elem_classes="t-buttons"):
                train = gr.Button("Train", variant="primary", elem_id="train")
                measure = gr.Button("Measure what it takes", visible="hidden", elem_id="measure-costs")
            plan = gr.HTML(elem_id="train-plan")
            outlook = gr.HTML(js_on_load=LISTEN, elem_id="train-outlook")
            where = gr.HTML(elem_id="train-device")
        trouble = gr.HTML(elem_id="train-trouble")
        with gr.Column(elem_classes="t-card", elem_id="train-run"):
            state = gr.HTML(empty(NOTHING_YET), elem_id="run-state")
            with gr.Row(elem_classes="t-buttons"):
                stop = gr.Button("Stop and keep the best", variant="stop", visible="hidden", elem_id="stop")
                pause = gr.Button("Pause", visible="hidden", elem_id="pause")
                resume = gr.Button("Resume", variant="primary", visible="hidden", elem_id="resume")
                retry = gr.Button("Go on with less memory", variant="primary", visible="hidden", elem_id="retry")
                results = gr.Button("See the results", variant="primary", visible="hidden", elem_id="see-results")
            less = gr.Accordion("Go on with less memory", open=False, visible="hidden", elem_id="resume-changes")
            with less, gr.Row():
                settings = RunConfig.settings()
                changes = [gr.Number(label=settings[name].label, info=settings[name].hint) for name in ON_RESUME]
            curves = gr.HTML(elem_id="run-curves")
            fold = ChangesFold.build()
            remarks = gr.HTML(elem_id="run-remarks")
            log = gr.HTML(elem_id="run-log")
        # Inside the tab: Gradio counts whatever stands between two tabs as a tab.
        version_shown, curves_shown, over = gr.State(None), gr.State(None), gr.State("")
        training = gr.Textbox(visible="hidden")  # when the page was opened; a script cannot read what a State holds
        timer = gr.Timer(BEAT, active=False)
    screen = [version_shown, timer, state, stop, pause, resume, retry, results, curves, remarks, log, less, *changes]
    screen += [curves_shown, over, *fold.screen]
    seen = [chosen, fold.filled, version_shown, curves_shown]

    def look(run_id: str, filled: Any, last_seen: Any = None, last_drawn: Any = None) -> list[Any]:
        """The screen for the chosen run; nothing at all when nothing changed since the last look."""
        run = context.run(run_id)
        version = run.version() if run else ("", run_id)
        if run and run.status().alive:  # while nothing is told, what is left becomes less all the same
            version += (int(time.time() / CLOCK),)
        if version == last_seen:
            return [gr.skip()] * len(screen)
        if run is None:
            hidden, kept = [gr.Button(visible="hidden")] * 5, [gr.skip()] * len(changes)
            nothing = [empty(NOTHING_YET), *hidden, "", "", "", gr.Accordion(visible="hidden"), *kept]
            return [version, gr.Timer(active=False), *nothing, None, "", *fold.look(None, filled)]
        status, drawn = run.status(), charts_version(run)
        return [
            version,
            gr.Timer(active=not (status.over and run.end_is_told)),  # of a killed one the supervisor is about to tell
            view.state(run),
            buttons.stop(run, status),
            buttons.pause(run, status),
            buttons.resume(run, status),
            buttons.retry(context.desk, run),
            gr.Button(visible=shown(run.metrics() is not None)),
            gr.skip() if drawn == last_drawn else charts(run),
            view.remarks(run),
            view.log(run),
            gr.Accordion(visible=shown(run.resumable)),
            *(getattr(run.config, name) for name in ON_RESUME),
            drawn,
            run.id if status.over else "",
            *fold.look(run, filled),
        ]

    def begin(folder: str, *given: Any) -> Iterator[dict[Any, Any]]:
        """Check once more, then put a new run in the queue."""
        yield {trouble: checking_bar("Getting ready.")}
        try:
            settings = {**form.named(given), "photos": folder}
            making = Watched(lambda tell: context.desk.training.begin(settings, progress=tell))
            for done in making.watch():
                yield {trouble: checking_bar("Checking your photos once more.", done)}
            assert making.result is not None
        except ConfigError as error:  # where the plan says it already
            yield {trouble: "", plan: error_panel(error)}
            return
        except TransferError as error:
            yield {trouble: error_panel(error)}
            return
        made = making.result
        busy = context.desk.runs.at_work() or made
        if busy.id != made.id:
            gr.Info("It waits below, under “Waiting runs”, and what trains now stays on the screen.", title="Queued")
        yield {trouble: "", chosen: busy.id}

    def ask(act: Callable[..., Run], run_id: str, *given: Any) -> Markup:
        try:
            act(run_id, *given)
        except TransferError as error:
            return error_panel(error)
        return html.NOTHING

    def less_memory(run_id: str) -> Run:
        return context.desk.training.resume(run_id, context.desk.outlooks.smaller(run_id))

    def first(run_id: str) -> list[str]:
        """Which run a page shows when it is opened: the one in training, which its tab is opened for, else the last
        one seen, else the newest."""
        if busy := context.desk.runs.at_work():
            return [busy.id, busy.id]
        if seen := context.run(run_id):
            return [seen.id, ""]
        newest = next((each for each in context.desk.runs.summaries() if each.status != DAMAGED), None)
        return [Path(newest.run).name if newest else "", ""]

    def planned(remembered: str, summary: dict[str, Any], given: dict[str, Any]) -> Markup:
        if remembered and not summary:
            return empty(f"The photos in {remembered} have to be looked at once more: see {steps.step('photos')}.")
        return _plan(context.desk, summary, given)

    def device() -> Iterator[Markup]:
        yield _where("looking at this machine …")
        try:
            yield _where(context.desk.machine().description)
        except TransferError as error:
            yield error_panel(error)

    values = list(network.fields.values())
    begun = gr.on(
        [train.click, photos.straight.click],
        begin,
        [photos.folder, *values],
        [trouble, plan, chosen],
        **QUIET,
    )
    begun.then(look, seen, screen, **QUIET)
    stopped = stop.click(lambda run_id: ask(context.desk.training.stop, run_id), chosen, trouble, **QUIET)
    paused = pause.click(lambda run_id: ask(context.desk.training.pause, run_id), chosen, trouble, **QUIET)
    applied = fold.wire(context.desk, chosen)
    resumed = resume.click(
        lambda run_id, *given: ask(context.desk.training.resume, run_id, dict(zip(ON_RESUME, given, strict=True))),
        [chosen, *changes],
        trouble,
        **QUIET,
    )
    retried = retry.click(lambda run_id: ask(less_memory, run_id), chosen, trouble, **QUIET)
    follow([timer.tick, chosen.change], look, seen, screen, **QUIET)
    # All of it again whenever the tab is opened: what is sent to a tab that nobody sees may be lost.
    tab.select(look, seen[:2], screen, **QUIET)
    for asked in (stopped, paused, resumed, retried, applied):
        asked.then(look, seen, screen, **QUIET)
    opened = context.page().load(first, chosen, [chosen, training], **QUIET)
    opened.then(None, training, js=OPEN, **QUICK)
    opened.then(look, seen, screen, **QUIET)
    about = [photos.remembered, photos.summary, network.settings]
    follow([photos.summary.change, tab.select], planned, about, plan, **QUIET)
    outlook_of_it(context.desk, outlook, measure, [tab.select, over.change], photos, network)
    with tab:
        queue_card(context, photos, network, tab, chosen, [begun, stopped, paused, resumed, retried])
    # The last of this tab: the page takes what one event asks for one after the other (not what another event does,
    # such as a click on Train), and the first answer to this needs TensorFlow.
    tab.select(device, None, where, **QUIET)
    return TrainTab({"results": results})


def _plan(desk: Desk, summary: dict[str, Any], settings: dict[str, Any]) -> Markup:
    """What pressing Train would do, in a few lines."""
    if not summary:
        return empty(f"No photos yet: check a folder in {steps.step('photos')}, or use the sample photos.")
    try:
        config = desk.training.config({**settings, "photos": summary["root"]})
    except TransferError as error:
        return error_panel(error)
    sizes = summary["photos"]
    rounds = f"{counted(config.head_epochs, 'round')} for the new layers"
    rounds = f"at most {rounds}" if config.early_stopping_patience else rounds
    rounds += f", then {counted(config.fine_tune_epochs, 'round')} of fine-tuning" if config.fine_tunes else ""
    width = f", width {config.alpha:g}" if config.alpha != 1 else ""
    rows = [
        (
            "Photos",
            f"{Path(summary['root']).name}: {sizes['train']:,} to learn from, {len(summary['classes'])} classes",
        ),
        ("Network", f"{Path(config.backbone).stem}{width}"),
        ("Rounds", rounds),
    ]
    return _summary(rows)


def _where(device: str) -> Markup:
    return _summary([("Trains on", device)])


def _summary(rows: list[tuple[str, str]]) -> Markup:
    return html.dl("t-summary")[((html.dt[name], html.dd[text]) for name, text in rows)]
