"""Step 5: drop, paste or take photos and see what the model says. The predicting is done by the helper process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.dataset.photo import open_photo
from transfer.errors import TransferError
from transfer.messages.questions import PhotoAnswer
from transfer.ui.context import Context
from transfer.ui.shared.panels import empty, error_panel, lead, panel, picture
from transfer.ui.train import view as run_view

QUIET: dict[str, Any] = {"concurrency_limit": None, "api_visibility": "private"}
MOST = 60  # photos at a time
SURE, UNSURE = 0.8, 0.5


@dataclass(frozen=True)
class TryTab:
    """Buttons that lead to other tabs (`go`)."""

    go: dict[str, gr.Button] = field(default_factory=dict)


def build(context: Context, chosen: gr.BrowserState) -> TryTab:
    """The tab, inside the `gr.Tabs` that is open."""
    with gr.Tab("5 Try it", id="try", render_children=True) as tab:
        gr.HTML(lead("Give it a photo it has never seen: drop one here, paste it, or take one with the camera."))
        which = gr.HTML(elem_id="try-run")
        with gr.Row() as ways:
            with gr.Column(scale=1, min_width=280):
                gr.HTML("<h3>One photo, or the camera</h3>")
                one = gr.Image(
                    sources=["upload", "clipboard", "webcam"],
                    type="filepath",
                    show_label=False,
                    height=300,
                    elem_id="try-photo",
                )
            with gr.Column(scale=1, min_width=280):
                gr.HTML("<h3>Several photos at once</h3>")
                several = gr.File(
                    file_count="multiple",
                    show_label=False,
                    height=300,
                    elem_id="try-photos",
                )
        answers = gr.HTML(elem_id="answers")
        following = gr.Button("Next: take it away", elem_id="next-take")

    def look(run_id: str) -> list[Any]:
        run = context.run(run_id)
        if run is None or not run.model_file.is_file():
            words = "There is no trained model yet: train one in step 3, or choose one in “Past runs”."
            return [empty(words), gr.Row(visible=False), ""]
        context.desk.predictor.warm()
        return [run_view.headline(run, run.status()), gr.Row(visible=True), gr.skip()]

    def answer(run_id: str, paths: list[str]) -> Iterator[str]:
        if not paths:
            yield ""
            return
        run = context.run(run_id)
        if run is None:
            yield empty("Choose a run first.")
            return
        yield panel("info", "Looking …", "The first photo takes a few seconds more: the model is being loaded.")
        try:
            said = context.desk.predict(run_id, paths[:MOST], top=3)
        except TransferError as error:
            yield error_panel(error)
            return
        cards = "".join(card(each, named=len(paths) > 1) for each in said.photos)
        more = panel("info", f"Only the first {MOST} photos were looked at.") if len(paths) > MOST else ""
        yield f'{more}<div class="t-answers">{cards}</div>'

    def look_at_one(run_id: str, photo: str | None) -> Iterator[str]:
        yield from answer(run_id, [photo] if photo else [])

    def look_at_all(run_id: str, files: list[str] | None) -> Iterator[str]:
        yield from answer(run_id, files or [])

    gr.on([tab.select, chosen.change], look, chosen, [which, ways, answers], show_progress="hidden", **QUIET)
    one.change(
        look_at_one, [chosen, one], answers, api_visibility="private", concurrency_limit=None, show_progress="hidden"
    )
    several.change(look_at_all, [chosen, several], answers, show_progress="hidden", **QUIET)
    return TryTab({"take": following})


def card(answer: PhotoAnswer, named: bool = False) -> str:
    """One photo with what the model says, or why it could not be read and what to do; `named` with its file's name."""
    path = Path(answer.path)
    if answer.error:
        said = answer.to_dict()
        words = f"<h4>{escape(path.name)}</h4><p>{escape(said['error'])}</p><p>{escape(said['fix'])}</p>"
        return f'<article class="t-answer"><div>{words}</div></article>'
    image = open_photo(path, at_least=208)
    image.thumbnail((208, 208))
    label, share = answer.classes[0]
    bars = "".join(
        f'<li><span>{escape(name)}</span><span>{part:.1%}</span><i style="--share:{part:.4f}"></i></li>'
        for name, part in answer.classes
    )
    file = f'<p class="t-muted">{escape(path.name)}</p>' if named else ""
    return (
        f'<article class="t-answer">{picture(image, path.name)}<div><h4>{escape(label)}</h4>'
        f"<p>{certainty(share)}</p><ul>{bars}</ul>{file}</div></article>"
    )


def certainty(share: float) -> str:
    """How much the answer is worth, in words."""
    if share >= SURE:
        return f"{share:.0%} sure. It only knows the classes it learned, whatever is on the photo."
    if share >= UNSURE:
        return f"Probably, but only {share:.0%} sure."
    return f"Not sure at all ({share:.0%}): perhaps it is none of the classes it knows."
