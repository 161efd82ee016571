"""What other programs can ask of the page, for example through gradio_client: the same steps, with plain JSON.

The page's own handlers speak in components and are private; these speak in words and numbers. Nothing is allowed here
that the page would not allow: paths stay in the roots, and files leave as copies.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.errors import RunError, TransferError
from transfer.messages.questions import Export, Predict
from transfer.runs.run import Run
from transfer.samples.draw import draw
from transfer.ui.context import Context
from transfer.ui.take_away.tab import served
from transfer.ui.train.tab import create


def build(context: Context) -> None:
    """Add the endpoints to the page being built."""

    def check(folder: str) -> dict[str, Any]:
        """What is in a photo folder: classes, photos per class and split, and what would be left out and why."""
        place = _in_words(lambda: context.roots.confine(folder))
        dataset = _in_words(lambda: scan(place, memory=context.workspace.photo_memory, roots=context.roots))
        return {
            "root": dataset.root,
            "counts": dataset.counts().to_dict("index"),
            "left_out": {left.path: left.reason for left in dataset.left_out},
            "notes": list(dataset.notes),
            "passed_over": dataset.passed_over,
        }

    def samples() -> str:
        """The folder with the built-in sample photos, drawn now if it is not there yet."""
        return str(draw(context.workspace.photos_dir))

    def train(settings: dict[str, Any]) -> str:
        """Queue a run with these RunConfig fields (photos is needed) and return its name."""
        return _in_words(lambda: create(context, RunConfig.from_dict(settings)).id)

    def status(run: str) -> dict[str, Any]:
        """How a run is doing: state, words, rounds so far, and its metrics once it has been tested."""
        found = _found(context, run)
        now = found.status()
        history = found.history().drop(columns="memory_mb")
        measured = found.metrics()
        # Clients take whatever has a "path" for a file to download, and the mistakes have one.
        metrics = (
            {name: value for name, value in measured.to_dict().items() if name != "mistakes"} if measured else None
        )
        return {
            "run": found.id,
            "state": now.state,
            "words": now.message,
            "place": now.place,
            "history": history.astype(object).where(history.notna(), None).to_dict("records"),
            "metrics": metrics,
        }

    def stop(run: str) -> str:
        """Ask a run to end at the next step and keep its best state; returns its state."""
        found = _found(context, run)
        found.request_stop()
        return found.status().state

    def resume(run: str) -> str:
        """Put an interrupted run back in the queue; returns its state."""
        found = _found(context, run)
        _in_words(found.request_resume)
        return found.status().state

    def runs() -> list[str]:
        """The names of all runs, newest first."""
        return [run.id for run in context.workspace.runs()]

    # An image parameter is uploaded by the client; `str` hints would leave the file where it is.
    with gr.Group(visible=False):
        asked, wanted = gr.Button(), gr.Button()
        name = gr.Textbox()
        photo = gr.Image(type="filepath")
        said = gr.JSON()
        kind = gr.Textbox("keras")
        archive = gr.File()

    def predict(run: str, image: str) -> dict[str, float]:
        """The probability of each class for one photo."""
        found = _found(context, run)
        question = Predict(run=str(found.path), images=(image,), top=None)
        photo = _in_words(lambda: context.predictor.ask(question)).photos[0]
        if photo.error:
            raise gr.Error(photo.to_dict()["error"], print_exception=False)
        return dict(photo.classes)

    def export(run: str, format: str) -> str:
        """The trained model in a format (keras, savedmodel or litert) as a zip."""
        found = _found(context, run)
        made = found.exported(format)
        if made is None:
            _in_words(lambda: context.errands.ask(Export(run=str(found.path), format=format), timeout=1800))
            made = found.exported(format)
            assert made is not None
        return served(Path(made["zip"]))

    for function in (check, samples, train, status, stop, resume, runs):
        gr.api(function, api_name=function.__name__, concurrency_limit=None)
    asked.click(predict, [name, photo], said, api_name="predict", concurrency_limit=None)
    wanted.click(export, [name, kind], archive, api_name="export", concurrency_limit=None)


def _found(context: Context, run: str) -> Run:
    found = context.run(run)
    if found is None:
        error = RunError(f"There is no run called “{run}”.", fix="Ask for the list of runs.")
        raise gr.Error(str(error), print_exception=False)
    return found


def _in_words(work: Callable[[], Any]) -> Any:
    """Do some work; what the user can put right is told in the words of the page."""
    try:
        return work()
    except TransferError as error:
        raise gr.Error(str(error), print_exception=False) from None
