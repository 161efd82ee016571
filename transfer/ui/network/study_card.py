"""What every card of the network tab shares in which something is measured by a study: its components, how a study
begins, and where it stands. What is measured, and how it is shown, is each card's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.drawing import html
from transfer.drawing.panels import bar, error_panel, muted, panel
from transfer.errors import TransferError
from transfer.messages.endings import Failed
from transfer.runs.progress import StudyProgress, duration
from transfer.runs.study import Study
from transfer.ui.shared.checking import Watched, checking_bar

BEAT = 1.0  # seconds between two looks at a study that is alive


@dataclass(frozen=True)
class StudyCard:
    """The components of a card."""

    find: gr.Button
    stop: gr.Button
    use: gr.Button
    trouble: gr.HTML
    state: gr.HTML
    seen: gr.State
    timer: gr.Timer


def build(what: str, find: str, use: str, ids: tuple[str, str, str, str, str], **state: Any) -> StudyCard:
    """The components, where the page is at.

    Args:
        what: it is good for, in a sentence.
        find, use: what the buttons say.
        ids: of find, stop, use, trouble and state in the page.
        state: more about the component that shows the study.
    """
    gr.HTML(muted(what))
    with gr.Row(elem_classes="t-buttons"):
        finding = gr.Button(find, elem_id=ids[0])
        # style.css shows these two while something is being measured, and once something was: a button that is told to
        # go away and, an instant later, to appear may do either.
        stop = gr.Button("Stop", variant="stop", elem_id=ids[1])
        using = gr.Button(use, variant="primary", elem_id=ids[2])
    trouble = gr.HTML(elem_id=ids[3])
    shown = gr.HTML(elem_id=ids[4], **state)
    return StudyCard(finding, stop, using, trouble, shown, gr.State(None), gr.Timer(BEAT, active=False))


def begin(desk: Desk, settings: Mapping[str, Any], kind: str) -> Iterator[Markup]:
    """Put a new study in the queue, and say how far the checking of the photos is, or what is wrong."""
    yield checking_bar("Getting ready.")
    try:
        making = Watched(lambda tell: desk.studies.begin(settings, kind, progress=tell))
        for done in making.watch():
            yield checking_bar("Checking your photos once more.", done)
    except TransferError as error:
        yield error_panel(error)
        return
    yield html.NOTHING


def standing(study: Study, now: StudyProgress, measured: str, total: str, kept: str) -> Markup:
    """How far a study is, or why it ended where nobody wanted that; nothing where it was finished or stopped.

    Args:
        now: its progress.
        measured: what the bar counts.
        total: how many of them there are, in words.
        kept: what is not lost when it was interrupted.
    """
    status = study.status()
    if status.state == "queued":
        return html.p("t-now")[f"{status.message} It begins as soon as this machine is free."]
    if status.alive:
        message = status.message if status.state == "stopping" else ": ".join(filter(None, (now.step, now.message)))
        left = f", about {duration(now.eta_seconds)} left" if now.eta_seconds else ""
        said = f"{now.done} of {total}{left}" if now.total else ""
        return html.join(html.p("t-now", aria_live="polite")[message], bar(measured, now.fraction, said))
    if status.state == "failed":
        failed = study.log.newest(Failed)
        return error_panel(failed.as_error if failed else TransferError(status.message))
    if status.state == "interrupted":
        return panel("warning", "Measuring was interrupted.", status.message, f"Press the button again: {kept}")
    return html.NOTHING
