"""Drop, paste or take photos and see what the model says. The predicting is done by the prediction server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.door.uploads import LIMITS
from transfer.drawing import html
from transfer.drawing.panels import empty, error_panel, lead, muted, panel, picture
from transfer.errors import TransferError
from transfer.messages.questions import PhotoAnswer
from transfer.ui.context import Context
from transfer.ui.shared import steps
from transfer.ui.shared.events import LISTEN, QUICK, QUIET, follow
from transfer.ui.shared.run_summary import headline, no_model
from transfer.ui.try_it.why import Answered, why_button, why_part
from transfer.ui.try_it.words import SMALL, in_words, likes, most_like, percents, title

MOST = 60  # photos at a time
THUMBNAIL = 208  # pixels
BEAT = 2.0  # seconds between two looks while the model is still to come


@dataclass(frozen=True)
class TryTab:
    """Buttons that lead to other tabs (`go`)."""

    go: dict[str, gr.Button] = field(default_factory=dict)


def try_tab(context: Context, chosen: gr.BrowserState) -> TryTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with steps.tab("try") as tab:
        gr.HTML(lead("Give it a photo it has never seen: drop one here, paste it, or take one with the camera."))
        which = gr.HTML(elem_id="try-run")
        with gr.Row() as ways:
            with gr.Column(scale=1, min_width=280):
                gr.HTML(html.h3["One photo, or the camera"])
                one = gr.Image(
                    sources=["upload", "clipboard", "webcam"],
                    type="filepath",
                    show_label=False,
                    height=300,
                    elem_id="try-photo",
                )
                # The file as it is: Gradio would open it here, in the page's own process, and write another one.
                one.preprocess = lambda photo: photo.path if photo else None  # type: ignore[method-assign, assignment]
            with gr.Column(scale=1, min_width=280):
                gr.HTML(html.join(html.h3["Several photos at once"], muted(f"Each at most {LIMITS.shown()}.")))
                several = gr.File(
                    file_count="multiple",
                    show_label=False,
                    height=300,
                    elem_id="try-photos",
                )
        answers, answered = gr.HTML(js_on_load=LISTEN, elem_id="answers"), gr.State(Answered())
        beneath = gr.Column()
        following = gr.Button("Next: take it away", elem_id="next-take")
        timer = gr.Timer(BEAT, active=False)

    def look(run_id: str, last: Answered) -> list[Any]:
        run = context.run(run_id)
        # Another run's answers go. Whose they were is kept: a tab that is not open may miss it. Their photos stay where
        # they are: were `one` an output, Gradio would make it anew, without its `preprocess`.
        gone = [Answered(last.run), "", ""] if last.run not in ("", run_id) else [gr.skip()] * 3
        if run is None or not run.model_file.is_file():
            coming = run is not None and run.status().alive
            return [no_model(run), gr.Row(visible=False), gr.Timer(active=coming), gone[0], "", *gone[2:]]
        context.desk.models.get_ready(run)
        return [headline(run), gr.Row(visible=True), gr.Timer(active=False), *gone]

    def answers_to(run_id: str, paths: list[str]) -> tuple[Markup, Answered]:
        if not paths:
            return html.NOTHING, Answered()
        if context.run(run_id) is None:
            return empty("Choose a run first."), Answered()
        try:
            answer = context.desk.models.predict(run_id, paths[:MOST], top=3)
        except TransferError as error:
            return error_panel(error), Answered(run_id)
        pictures = context.desk.photos.thumbnails([Path(each.path) for each in answer.photos], THUMBNAIL)
        pairs = zip(answer.photos, pictures, strict=True)
        near = context.desk.photos.thumbnails([Path(each) for each in likes(answer.photos)], SMALL)
        known = dict(zip(likes(answer.photos), near, strict=True))
        cards = html.div("t-answers")[
            (card(each, data, number if len(paths) > 1 else None, known) for number, (each, data) in enumerate(pairs))
        ]
        more = panel("info", f"Only the first {MOST} photos were looked at.") if len(paths) > MOST else ""
        return html.join(more, cards), Answered(run_id, answer.photos)

    def look_at_one(run_id: str, photo: str | None) -> tuple[Markup, Answered]:
        return answers_to(run_id, [photo] if photo else [])

    def look_at_all(run_id: str, files: list[str] | None) -> Iterator[tuple[Markup, Answered]]:
        if files:
            yield panel("info", "Looking …", f"At {len(files)} photos."), Answered(run_id)
        yield answers_to(run_id, files or [])

    looked = one.change(look_at_one, [chosen, one], [answers, answered], **QUICK)
    all_looked = several.change(look_at_all, [chosen, several], [answers, answered], **QUIET)
    with beneath:
        explained = why_part(context, answered, [looked, all_looked], answers)
    screen = [which, ways, timer, answered, answers, explained]
    follow([tab.select, chosen.change, timer.tick], look, [chosen, answered], screen, **QUIET)
    return TryTab({"take": following})


def card(
    answer: PhotoAnswer, data: str | None, number: int | None = None, known: Mapping[str, str | None] | None = None
) -> Markup:
    """One photo with what the model says, or why it could not be read and what to do.

    Args:
        answer: about the photo.
        data: the photo made small, as WebP in base64.
        number: of the photo, where there are several: with its file's name then.
        known: the photos that are shown as those most like it, by path, made small.
    """
    path = Path(answer.path)
    if answer.error:
        error = answer.to_dict()
        return html.article("t-answer")[html.div[html.h4[path.name], html.p[error["error"]], html.p[error["fix"]]]]
    bars = (
        html.li[html.span[name], html.span[percents(part)], html.i(style=f"--share:{part:.4f}")]
        for name, part in answer.classes
    )
    file = (muted(path.name), why_button(number)) if number is not None else None
    inside = html.div[
        html.h4[title(answer)], html.p[in_words(answer)], html.ul[bars], most_like(answer, known or {}), file
    ]
    return html.article("t-answer t-strange" if answer.unfamiliar else "t-answer")[picture(data, path.name), inside]
