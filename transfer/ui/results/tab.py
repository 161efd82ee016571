"""How good the model is, on photos it never saw. Shown from the run's metrics; nothing is measured here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.drawing import figures, galleries, html
from transfer.drawing.panels import card, empty, error_panel, lead, muted
from transfer.drawing.reliability import reliability
from transfer.drawing.score import left_out, score_of
from transfer.errors import TransferError
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.results import review, suspects
from transfer.ui.shared import steps
from transfer.ui.shared.events import LISTEN, QUICK, QUIET, SORT, follow
from transfer.ui.shared.run_summary import charts, headline
from transfer.ui.shared.served import new_place, served

TO_CELL = "() => document.getElementById('results-cell')?.scrollIntoView({block: 'nearest', behavior: 'smooth'})"


@dataclass(frozen=True)
class ResultsTab:
    """Buttons that lead to other tabs (`go`)."""

    go: dict[str, gr.Button] = field(default_factory=dict)


def results_tab(context: Context, chosen: gr.BrowserState) -> ResultsTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with steps.tab("results") as tab:
        gr.HTML(lead("How well it does on photos that were kept aside and that it has never seen."))
        score = gr.HTML(elem_id="results-score")
        with gr.Row(elem_classes="t-buttons"):
            following = gr.Button("Next: try it with a photo", variant="primary", visible="hidden", elem_id="next-try")
            history = gr.DownloadButton("Download the curves (CSV)", visible="hidden", elem_id="download-history")
            make = gr.Button("Make a report to print or send", visible="hidden", elem_id="make-report")
            report = gr.DownloadButton("Download the report (HTML)", visible="hidden", elem_id="download-report")
        told = gr.HTML(elem_id="report-told")
        matrix = gr.HTML(js_on_load=LISTEN, elem_id="results-confusion")
        cell = gr.HTML(elem_id="results-cell")
        classes = gr.HTML(js_on_load=SORT, elem_id="results-classes")
        believed = gr.HTML(elem_id="results-reliability")
        mistakes = gr.HTML(elem_id="results-mistakes")
        unsure = gr.HTML(elem_id="results-unsure")
        section = review.build()
        curves = gr.HTML(elem_id="results-curves")
        version_shown = gr.State(None)
    screen = [version_shown, score, following, history, make, report, told]
    screen += [matrix, cell, classes, believed, mistakes, unsure, *section.screen, curves]
    reviewed, looked = review.wire(context, section, chosen)

    def scored(run_id: str) -> Markup:
        run = context.run(run_id)
        metrics = run.metrics() if run else None
        return empty(_nothing(run)) if run is None or metrics is None else _scored(run, metrics)

    def look(run_id: str, listed: Any, last_seen: Any = None) -> list[Any]:
        run = context.run(run_id)
        version = run.version() if run else ("", run_id)
        if version == last_seen:
            return [gr.skip()] * len(screen)
        metrics = run.metrics() if run else None
        if run is None or metrics is None:
            hidden = [gr.Button(visible="hidden"), gr.DownloadButton(visible="hidden")]
            return [version, empty(_nothing(run)), *hidden * 2, *[""] * 7, *reviewed(None, listed), ""]
        return [
            version,
            _scored(run, metrics),
            gr.Button(visible=True),
            gr.DownloadButton(value=history_file(run), visible=True),
            gr.Button(visible=True),
            gr.DownloadButton(visible="hidden"),
            "",
            card(_matrix(metrics)),
            "",
            card(html.h3["Class by class"], figures.scores(metrics.classes, sortable=True)),
            card(reliability(metrics.calibration)),
            card(galleries.worst(run, context.desk.photos.thumbnails)),
            card(galleries.least_certain(run, context.desk.photos.thumbnails)),
            *reviewed(run, listed),
            card(charts(run)),
        ]

    def photos_of(run_id: str, event: gr.EventData) -> Markup:
        """The photos of a cell of the matrix."""
        run, named = context.run(run_id), re.fullmatch(r"(\d{1,5}) (\d{1,5})", str(getattr(event, "cell", "")))
        if run is None or named is None:
            return html.NOTHING
        names = dict(enumerate(run.dataset.classes))
        label, predicted = (names.get(int(place), "") for place in named.groups())
        return card(galleries.of_a_cell(run, label, predicted, context.desk.photos.thumbnails))

    def write(run_id: str) -> list[Any]:
        """The report, with the photos as they are now."""
        try:
            file = context.desk.report(run_id)
        except TransferError as error:
            return [gr.DownloadButton(visible="hidden"), error_panel(error)]
        return [gr.DownloadButton(value=served(file, f"{run_id}.html"), visible=True), ""]

    make.click(write, chosen, [report, told], **QUIET)
    matrix.click(photos_of, chosen, cell, **QUIET).then(None, js=TO_CELL, **QUICK)
    # All of it again whenever the tab is opened: what is sent to a tab that nobody sees may be lost.
    tab.select(look, [chosen, section.listed], screen, **QUIET)
    looked.then(scored, chosen, score, **QUIET)  # which may be doubted now; of the lists another may be chosen already
    follow([chosen.change], look, [chosen, section.listed, version_shown], screen, **QUIET)
    return ResultsTab({"try": following})


def _scored(run: Run, metrics: Metrics) -> Markup:
    """The score, and what speaks against it."""
    return card(headline(run), score_of(metrics), left_out(run, metrics), doubts(run))


def doubts(run: Run) -> Markup:
    """Why the score may be too good to be true, as far as the photos were looked at again."""
    found = run.review()
    return suspects.warning(found.leak) if found else html.NOTHING


def history_file(run: Run) -> str:
    """The run's history as a CSV file to download; nothing is written to the workspace, which may be read-only."""
    file = new_place(f"{run.id}.csv", f"history of {run.id}")
    run.history().to_csv(file, index=False)
    return str(file)


def _matrix(metrics: Metrics) -> Markup:
    names = [each.name for each in metrics.classes]
    worst = figures.confusions(metrics.confusion, names)
    listed = html.ul("t-list")[
        (
            html.li[html.button("t-link", type="button", data_cell=f"{row} {column}")[each]]
            for each, (row, column) in worst
        )
    ]
    title = html.h3["What it takes for what (confusion matrix)"]
    hint = muted("Press a square, or a line beside it, to see its photos.")
    drawn = figures.confusion(metrics.confusion, names, pressable=True)
    beside = html.div[listed if worst else muted("It confused nothing with anything."), hint]
    return html.join(title, html.div("t-matrix")[drawn, beside])


def _nothing(run: Run | None) -> str:
    if run is None:
        return f"Nothing to show yet: train something in {steps.step('train')}."
    if run.status().state == "finished":
        return f"“{run.name}” is finished, but no photos were left to test it with. Add photos, then train again."
    if run.status().over:
        return (
            f"“{run.name}” ended before it could be tested. Choose another run in {steps.step('runs')}, or train again."
        )
    return f"“{run.name}” is still training. The results appear here when it has finished."
