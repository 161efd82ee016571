"""Step 4: how good the model is, on photos it never saw. Shown from the run's metrics; nothing is measured here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.dataset.photo import open_photo
from transfer.runs.metrics import Metrics, Mistake
from transfer.runs.run import Run
from transfer.ui.context import Context
from transfer.ui.results import figures
from transfer.ui.shared.panels import empty, lead, picture
from transfer.ui.shared.served import served
from transfer.ui.train import view as run_view

QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
THUMBNAIL = 256  # pixels


@dataclass(frozen=True)
class ResultsTab:
    """Buttons that lead to other tabs (`go`)."""

    go: dict[str, gr.Button] = field(default_factory=dict)


def build(context: Context, chosen: gr.BrowserState) -> ResultsTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("4 Results", id="results", render_children=True) as tab:
        gr.HTML(lead("How well it does on photos that were kept aside and that it has never seen."))
        score = gr.HTML(elem_id="results-score")
        with gr.Row(elem_classes="t-buttons"):
            following = gr.Button("Next: try it with a photo", variant="primary", visible="hidden", elem_id="next-try")
            history = gr.DownloadButton("Download the curves (CSV)", visible="hidden", elem_id="download-history")
        matrix = gr.HTML(elem_id="results-confusion")
        classes = gr.HTML(elem_id="results-classes")
        mistakes = gr.HTML(elem_id="results-mistakes")
        curves = gr.HTML(elem_id="results-curves")
        seen = gr.State(None)
    screen = [seen, score, following, history, matrix, classes, mistakes, curves]

    def look(run_id: str, last_seen: Any) -> list[Any]:
        run = context.run(run_id)
        version = run.version() if run else ("", run_id)
        if version == last_seen:
            return [gr.skip()] * len(screen)
        metrics = run.metrics() if run else None
        if run is None or metrics is None:
            hidden = [gr.Button(visible="hidden"), gr.DownloadButton(visible="hidden")]
            return [version, empty(_nothing(run)), *hidden, "", "", "", ""]
        return [
            version,
            _card(run_view.headline(run, run.status()) + in_words(metrics)),
            gr.Button(visible=True),
            gr.DownloadButton(value=history_file(run), visible=True),
            _card(_matrix(metrics)),
            _card("<h3>Class by class</h3>" + figures.scores(metrics.classes)),
            _card(gallery(run, metrics.mistakes)),
            _card(run_view.charts(run)),
        ]

    gr.on([tab.select, chosen.change], look, [chosen, seen], screen, **QUIET)
    return ResultsTab({"try": following})


def in_words(metrics: Metrics) -> str:
    """The accuracy with its 95 % interval and the baseline beside it."""
    right = round(metrics.accuracy * metrics.photos)
    whose = (
        "photos it never saw"
        if metrics.split == "test"
        else "validation photos (none were kept for a test; these chose the best round, so this is a little too good)"
    )
    low, high, base = metrics.low, metrics.high, metrics.baseline
    scale = (
        f'<div class="t-interval" style="--low:{low:.4f};--high:{high:.4f}" aria-hidden="true"><i></i>'
        f'<b style="--at:{metrics.accuracy:.4f}"></b><u style="--at:{base:.4f}"></u>'
        f'<span style="--at:{base:.4f}">guessing</span>'
        f'<span style="--at:{metrics.accuracy:.4f}">this model</span></div>'
    )
    return (
        f'<div class="t-score"><div class="t-big">{figures.percent(metrics.accuracy)}</div><div>'
        f"<p><b>Right on {right} of {metrics.photos} {whose} (accuracy).</b></p>"
        f"<p>With other photos of the same kind, expect between {low:.0%} and {high:.0%} (95 % interval).</p>"
        f"<p>Always answering “{escape(metrics.baseline_class)}” would be right on {base:.0%}.</p></div></div>"
        f"{scale}"
    )


def history_file(run: Run) -> str:
    """The run's history as a CSV file to download; a copy, because the page may not serve the workspace itself."""
    file = run.path / "history.csv"
    run.history().to_csv(file, index=False)
    return served(file, f"{run.id}.csv")


def gallery(run: Run, mistakes: Sequence[Mistake]) -> str:
    """Small pictures of the photos it got wrong, with what it said; those that are gone are left out."""
    figures = []
    for mistake in mistakes:
        try:
            image = open_photo(Path(run.dataset.root) / mistake.path, at_least=THUMBNAIL)
        except (OSError, ValueError):
            continue
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        figures.append(
            f"<figure>{picture(image, mistake.path)}<figcaption><b>{escape(mistake.predicted)}</b>, "
            f"{mistake.confidence:.0%} sure<br>really <b>{escape(mistake.label)}</b>"
            f"<small>{escape(Path(mistake.path).name)}</small></figcaption></figure>"
        )
    if not figures:
        return ""
    words = "Wrong, and most sure of it. Sometimes the photo is in the wrong folder."
    return f'<h3>Its worst mistakes</h3><p class="t-muted">{words}</p><div class="t-mistakes">{"".join(figures)}</div>'


def _matrix(metrics: Metrics) -> str:
    names = [each.name for each in metrics.classes]
    worst = figures.confusions(metrics.confusion, names)
    listed = "".join(f"<li>{escape(sentence)}</li>" for sentence in worst)
    words = (
        f'<ul class="t-list">{listed}</ul>' if worst else '<p class="t-muted">It confused nothing with anything.</p>'
    )
    drawn = figures.confusion(metrics.confusion, names)
    return f'<h3>What it takes for what (confusion matrix)</h3><div class="t-matrix">{drawn}<div>{words}</div></div>'


def _card(html: str) -> str:
    return f'<div class="t-card">{html}</div>' if html else ""


def _nothing(run: Run | None) -> str:
    if run is None:
        return "Nothing to show yet: train something in step 3."
    if run.status().over:
        return f"“{run.name}” ended before it could be tested. Choose another run in “Past runs”, or train again."
    return f"“{run.name}” is still training. The results appear here when it has finished."
