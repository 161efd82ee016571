"""Small pieces of the page that several tabs show: a message, an error, a bar that fills, a row of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from markupsafe import Markup

from transfer.advice.notice import Notice
from transfer.drawing import html
from transfer.errors import TransferError


def panel(level: str, title: str, message: str = "", fix: str = "") -> Markup:
    """A message box; `level` is info, warning, stop or good."""
    parts = [html.strong[title]]
    parts += [html.p[message]] if message else []
    parts += [html.p("t-fix")[fix]] if fix else []
    return html.div(f"t-panel t-{level}", role="alert" if level == "stop" else "status")[parts]


def error_panel(error: TransferError, *, folded: bool = False) -> Markup:
    """The four answers of an error: what happened, what was expected, what was found, what to do.

    Folded, for errors that the page itself offers a way out of: a warning, with the last three behind a click.
    """
    rows = [("Expected", error.expected), ("Found", error.found), ("What to do", error.fix)]
    answers = html.join((html.dt[name], html.dd[html.lines(text)]) for name, text in rows if text)
    answers = html.dl[answers] if answers else html.NOTHING
    if folded:
        answers = html.details("t-more")[html.summary["How to get it"], answers]
    level = "t-warning" if folded else "t-stop"
    return html.div(f"t-panel {level}", role="alert")[html.strong[error.what], answers]


def notices(found: Iterable[Notice]) -> Markup:
    """Advice, one box each."""
    return html.join(panel(notice.level, notice.title, notice.message, notice.fix) for notice in found)


def bar(name: str, share: float, text: str, classes: str = "") -> Markup:
    """A bar that fills, between what it is about and how far that is."""
    return html.div(f"t-progress {classes}".strip(), **progress_bar(name, share))[
        html.div[html.span[name], html.span[text]],
        html.div("t-track")[html.div(style=f"--share:{share:.4f}")],
    ]


def progress_bar(name: str, share: float) -> dict[str, str]:
    """The attributes by which a screen reader knows a bar that fills."""
    return {
        "role": "progressbar",
        "aria_valuemin": "0",
        "aria_valuemax": "100",
        "aria_valuenow": f"{share * 100:.0f}",
        "aria_label": name,
    }


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """A row of numbers with their captions."""
    return html.div("t-facts")[(html.div[html.b[value], html.span[caption]] for value, caption in pairs)]


def lead(text: str) -> Markup:
    """The one sentence at the top of a step."""
    return html.p("t-lead")[text]


def muted(text: str) -> Markup:
    """A remark in the second row."""
    return html.p("t-muted")[text]


def empty(text: str) -> Markup:
    """What a step shows before there is anything to show."""
    return html.div("t-empty")[text]


def card(*content: html.Content) -> Markup:
    """A card like those around a step's controls; nothing around nothing."""
    inside = html.join(*content)
    return html.div("t-card")[inside] if inside else html.NOTHING


def table(
    heads: Sequence[str | tuple[str, str]],
    rows: Iterable[Sequence[html.Content]],
    classes: str = "",
    names: int = 0,
    sortable: bool = False,
) -> Markup:
    """A table; on a phone each row is a card, whose figures have the heads of their columns before them.

    Args:
        heads: of the columns, or each with what it means.
        rows: the cells of each.
        classes: of the table.
        names: the column whose cell is the head of the row.
        sortable: whether its heads are buttons, which `events.SORT` listens to.
    """
    labels = [head if isinstance(head, str) else head[0] for head in heads]
    meanings = [html.NOTHING if isinstance(head, str) else html.small[head[1]] for head in heads]

    def cell(column: int, content: html.Content) -> Markup:
        return html.th(scope="row")[content] if column == names else html.td(data_label=labels[column])[content]

    def head(label: str, meaning: Markup) -> Markup:
        named = html.button(type="button", data_sort=True)[label] if sortable else label
        return html.th(scope="col")[named, meaning]

    heads_row = html.tr[map(head, labels, meanings)]
    body = (html.tr[(cell(column, content) for column, content in enumerate(row))] for row in rows)
    kind = f"t-table t-plain t-cards {'t-sortable ' if sortable else ''}{classes}".strip()
    return scrolled(html.table(kind)[html.thead[heads_row], html.tbody[body]])


def scrolled(table: Markup, classes: str = "") -> Markup:
    """A wide table that scrolls inside its card instead of widening the page."""
    return html.div(f"t-scroll {classes}".strip())[table]


def shown(condition: bool) -> bool | Literal["hidden"]:
    """The value of `visible` for a component that comes and goes.

    Never False: then the component is not in the page at all, and Gradio 6.31 loses updates that arrive while it is
    being put there.
    """
    return True if condition else "hidden"


def picture(data: str | None, alt: str, classes: str = "") -> Markup:
    """A small picture (WebP in base64; None: nothing) in the HTML itself, so that no file has to be served."""
    return html.join(html.img(classes, alt=alt, src=f"data:image/webp;base64,{data}")) if data else html.NOTHING
