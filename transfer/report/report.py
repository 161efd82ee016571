"""The report of a run: one HTML file with all there is to say of it, to print or to send.

It holds its pictures and its style, runs no script and loads nothing from anywhere. What it shares with the page is
drawn by `drawing`.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from markupsafe import Markup

import transfer
from transfer.advice.curves import advice_on_curves
from transfer.advice.refinement import refinement
from transfer.config import RunConfig
from transfer.dataset.corrections import in_words as corrections_in_words
from transfer.drawing import figures, galleries, html, styles
from transfer.drawing.curves import curves
from transfer.drawing.galleries import Thumbnails
from transfer.drawing.panels import muted, notices, panel, table
from transfer.drawing.reliability import reliability
from transfer.drawing.score import left_out, score_of
from transfer.formats import FORMATS
from transfer.messages.events import Refined, Started
from transfer.runs.changes import briefly, in_words
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run

STYLES = (styles.COLOURS, styles.RUN, Path(__file__).with_name("report.css"))
PACKAGES = ("tensorflow", "keras", "openvino", "numpy", "pillow")
LEFT_OUT = 50  # photos that are named
NAMED = {"photos", "backbone", "weights"}  # where they lay on the machine is nobody's business


def report(run: Run, thumbnails: Thumbnails) -> str:
    """The whole file.

    Args:
        run: in any state; what is not there yet is left out.
        thumbnails: makes small pictures of photos.

    Raises:
        RunError: when the run is damaged.
    """
    metrics = run.metrics()
    parts = [_head(run), *(_results(run, metrics, thumbnails) if metrics else [panel("info", run.status().message)])]
    parts += [_learning(run), _data(run), _settings(run), _limits(run, metrics), _made_with(run)]
    style = "\n".join(file.read_text(encoding="utf-8") for file in STYLES)
    return str(html.document(f"{run.name} · Transfer", style, html.main("prose")[parts]))


def _section(title: str, *content: html.Content) -> Markup:
    inside = html.join(*content)
    return html.section[html.h2[title], inside] if inside else html.NOTHING


def _head(run: Run) -> Markup:
    when = time.strftime("%d %B %Y, %H:%M", time.localtime(run.created))
    about = f"A classifier for {_classes(run)}, trained with Transfer. Begun {when}; {run.status().message}"
    return html.header[html.h1[run.name], muted(about), html.p[html.lines(run.notes.note)] if run.notes.note else None]


def _classes(run: Run) -> str:
    names = [f"“{name}”" for name in run.dataset.classes]
    return " and ".join(names) if len(names) < 3 else f"{len(names)} classes of photos"


def _results(run: Run, metrics: Metrics, thumbnails: Thumbnails) -> Iterator[Markup]:
    names = [each.name for each in metrics.classes]
    mixed = figures.confusions(metrics.confusion, names)
    found = run.review()
    leak = found.leak if found and found.leak and found.leak.doubtful else None
    warning = panel("warning", leak.title, leak.in_words(), leak.fix) if leak else None
    yield _section("How good it is", score_of(metrics), left_out(run, metrics), warning)
    listed = html.ul("t-list")[(html.li[each] for each, _ in mixed)] if mixed else html.NOTHING
    drawn = figures.confusion(metrics.confusion, names)
    yield _section("What it takes for what (confusion matrix)", html.div("t-matrix")[drawn, html.div[listed]])
    yield _section("Class by class", figures.scores(metrics.classes))
    if shown := reliability(metrics.calibration):
        yield html.section[shown]
    for gallery in (galleries.worst, galleries.least_certain):
        if shown := gallery(run, thumbnails, size=galleries.SMALL):
            yield html.section[shown]


def _learning(run: Run) -> Markup:
    marks = [(change.step, text) for change in run.changes() for text in briefly(change)]
    drawn = curves(run.history(), None, marks)
    said = [notices(advice_on_curves(run.config_at(), run.dataset, run.log.read()))]
    said += [panel("info", "Changed while it trained.", in_words(change)) for change in run.changes()]
    said += [panel("info", *refinement(refined)) for refined in run.log.all(Refined)[-1:]]
    return _section("How it learned", drawn, said) if drawn else html.NOTHING


def _data(run: Run) -> Markup:
    dataset, made = run.dataset, run.dataset.corrections
    counts = dataset.counts()
    heads = ("Class", "To learn from (training)", "To watch it on (validation)", "For the final mark (test)", "All")
    rows: list[list[html.Content]] = [
        [str(name), *map(int, row)] for name, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    rows.append(["All", *map(int, counts.to_numpy().sum(axis=0))])
    named = [html.li[f"{each.path}: {each.reason}"] for each in dataset.left_out[:LEFT_OUT]]
    if (more := len(dataset.left_out) - LEFT_OUT) > 0:
        named.append(html.li[f"… and {more:,} more"])
    return _section(
        "The photos",
        html.p[f"The folder “{Path(dataset.root).name}”" + (f": {dataset.layout}." if dataset.layout else ".")],
        table(heads, rows),
        html.p[f"Labels were corrected by hand, {corrections_in_words(made)}."] if made else None,
        [html.h3["Left out"], html.ul("t-list")[named]] if named else None,
        muted(f"Fingerprint of what was learned from: {dataset.fingerprint}"),
    )


def _settings(run: Run) -> Markup:
    usual, rows = RunConfig(), []
    for name, setting in RunConfig.settings().items():
        value = getattr(run.config, name)
        said = setting.said(Path(value).name if name in NAMED else value)
        changed = name not in {"photos", "name"} and value != getattr(usual, name)
        rows.append([setting.label, html.b[said] if changed else said])
    return _section("What was chosen", table(("Setting", "Value"), rows), muted("Bold: other than usual."))


def _limits(run: Run, metrics: Metrics | None) -> Markup:
    said = [
        f"It was made to tell {len(run.dataset.classes)} classes apart, and knows nothing of anything else.",
        "The score is of photos from the same folder as those it learned from. Photos that were taken elsewhere, with "
        "another camera or in another light, can be harder: try it on some before you rely on it.",
        "Photos that are nearly copies of each other, or of one series, make a score too good.",
    ]
    if metrics and (few := [each.name for each in metrics.classes if each.photos < 20]):
        names = ", ".join(f"“{name}”" for name in few[:8]) + (" and others" if len(few) > 8 else "")
        said.append(f"There were fewer than 20 photos to measure {names} with: figures of these are rough.")
    return _section("What to keep in mind", html.ul("t-list")[(html.li[each] for each in said)])


def _made_with(run: Run) -> Markup:
    packages = ", ".join(f"{name} {number}" for name in PACKAGES if (number := _version(name)))
    started = run.log.newest(Started)
    made = {name: done for name in FORMATS if (done := run.exported(name))}
    files = [html.li[f"{FORMATS[name].title}: {' · '.join(each.parity.in_words())}"] for name, each in made.items()]
    return _section(
        "What it was made with",
        html.p[f"Transfer {transfer.__version__}, Python {platform.python_version()}, {packages}."],
        html.p[f"Trained on {started.device}."] if started else None,
        [html.h3["Files of the model"], html.ul("t-list")[files]] if files else None,
        muted(f"This report was written {time.strftime('%d %B %Y, %H:%M')}, with these versions. Run: {run.id}"),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
