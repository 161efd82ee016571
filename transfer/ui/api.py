"""What other programs can ask of the page, for example through gradio_client: the desk, with plain JSON.

The page's own handlers speak in components and are private; these speak in words and numbers. Nothing is allowed here
that the page would not allow, and files leave as copies.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import gradio as gr

from transfer.commands import heat_picture
from transfer.commands.desk import Desk
from transfer.commands.findings import Findings
from transfer.errors import ConfigError, TransferError
from transfer.messages.questions import PhotoAnswer
from transfer.runs.progress import progress
from transfer.ui.entrance import typed
from transfer.ui.shared.served import served


def _photo(data: dict[str, Any]) -> dict[str, Any]:
    """Clients take whatever has a "path" for a file to download."""
    return {"photo" if name == "path" else name: value for name, value in data.items()}


def build(desk: Desk) -> None:
    """Add the endpoints to the page being built."""

    def check(folder: str) -> dict[str, Any]:
        """What is in a photo folder: classes, photos per class and split, and what would be left out and why."""
        dataset = desk.check(folder)
        return {
            "root": dataset.root,
            "counts": dataset.counts().to_dict("index"),
            "left_out": {left.path: left.reason for left in dataset.left_out},
            "notes": list(dataset.notes),
            "passed_over": dataset.passed_over,
        }

    def samples() -> str:
        """The folder with the built-in sample photos, drawn now if it is not there yet."""
        return str(desk.draw_samples())

    def advise(settings: dict[str, Any], kind: str = "networks", minutes: float = 10.0) -> str:
        """Queue a study that measures, before training, what suits the photos (RunConfig fields; photos is needed).

        Its kind: networks, depth or learning_rate. Returns its name.
        """
        return desk.studies.begin(settings, kind, minutes=minutes).id

    def study(study: str) -> dict[str, Any]:
        """What a study found so far: its state, what was measured, and what is recommended."""
        return Findings.of(desk.studies.get(study)).to_dict()

    def stop_study(study: str) -> str:
        """Ask a study to end and keep what it measured; returns its state."""
        return desk.studies.stop(study).status().state

    def train(settings: dict[str, Any]) -> str:
        """Queue a run with these RunConfig fields (photos is needed) and return its name."""
        return desk.training.begin(settings).id

    def status(run: str) -> dict[str, Any]:
        """How a run is doing: state, words, rounds and changes so far, and its metrics once it has been tested."""
        found = desk.runs.get(run)
        now = found.status()
        history = found.history().drop(columns="memory_mb")
        measured, how_far = found.metrics(), progress(found)
        # Clients take whatever has a "path" for a file to download, and the mistakes have one.
        metrics = (
            {name: value for name, value in measured.to_dict().items() if name != "mistakes"} if measured else None
        )
        return {
            "run": found.id,
            "state": now.state,
            "words": now.message,
            "place": now.place,
            "progress": round(how_far.fraction, 4),
            "eta_seconds": how_far.eta_seconds,
            "history": history.astype(object).where(history.notna(), None).to_dict("records"),
            "changes": [
                {"step": each.step, "settings": each.settings, "before": each.before} for each in found.changes()
            ],
            "metrics": metrics,
        }

    def stop(run: str) -> str:
        """Ask a run to end at the next step and keep its best state; returns its state."""
        return desk.training.stop(run).status().state

    def outlook(settings: dict[str, Any], measure: bool = False) -> dict[str, Any]:
        """What a run with these fields would take: seconds, memory and disk, and what would fit where it does not.

        With `measure` a few photos are tried first, which takes about half a minute.
        """
        return (desk.outlooks.measured if measure else desk.outlooks.of)(settings).to_dict()

    def queue() -> list[str]:
        """The names of the runs that wait, the next one first."""
        return [each.id for each in desk.queue.all()]

    def move(run: str, place: int) -> list[str]:
        """Give a waiting run another place in the queue, 1 being the next; returns the queue as it is then."""
        desk.queue.move(run, place)
        return queue()

    def clone(run: str, settings: dict[str, Any] | None = None) -> str:
        """Queue a run with the settings of another one, but for some, and return its name."""
        return desk.training.clone(run, settings).id

    def pause(run: str) -> str:
        """Ask a run to leave for a while; /resume lets it go on exactly where it was. Returns its state."""
        return desk.training.pause(run).status().state

    def change(run: str, settings: dict[str, Any]) -> str:
        """Ask for other settings from a run's next round on: learning rates, epochs, early_stopping_patience,
        frozen_layers. Returns its state."""
        return desk.training.change(run, settings).status().state

    def resume(run: str, settings: dict[str, Any] | None = None) -> str:
        """Let a paused or interrupted run go on, perhaps with another batch_size or image_size; its state."""
        return desk.training.resume(run, settings).status().state

    def review(run: str) -> dict[str, Any]:
        """Which photos of a run are worth a second look: mislabelled, uncertain, odd, copies, and what the score owes
        to photos that belong together; with the corrections made so far."""
        found = desk.reviews.of(run)
        decided = desk.reviews.corrections(desk.runs.get(run)).all.values()
        data = found.to_dict() | {"corrections": [dataclasses.asdict(each) for each in decided]}
        return json.loads(json.dumps(data), object_hook=_photo)

    def correct(run: str, photo: str, act: str, to: str = "") -> int:
        """Decide about a photo of a run's folder for all later runs: act is keep, move (to another class), leave out,
        or undo. Returns how many such decisions there are; /clone trains again with them."""
        if act == "undo":
            return len(desk.reviews.undo(run, [photo]).all)
        return len(desk.reviews.correct(run, [photo], act, to).all)

    def runs() -> list[str]:
        """The names of all runs, newest first."""
        return [run.id for run in desk.runs.all()]

    def sent(run: str, image: str | None) -> str:
        desk.runs.get(run)
        if image is None:
            raise ConfigError("There is no photo.", expected="a photo as a file", found="none", fix="Send one.")
        return image

    def answered(run: str, image: str | None) -> PhotoAnswer:
        photo = desk.models.predict(run, [sent(run, image)]).photos[0]
        if photo.error:
            raise gr.Error(photo.to_dict()["error"], print_exception=False)
        return photo

    def predict(run: str, image: str | None) -> dict[str, float]:
        """The probability of each class for one photo."""
        return dict(answered(run, image).classes)

    def answer(run: str, image: str | None) -> dict[str, Any]:
        """As /predict, and how far to trust it: which classes are possible in 9 of 10 cases, whether the photo is
        unlike everything the model has learned, and the photos it knows that are most like it."""
        told = answered(run, image).to_dict()
        del told["path"]
        return told

    def explain(run: str, image: str | None, label: str = "") -> tuple[dict[str, Any], Any]:
        """Which places of a photo speak for a class, or for the one it is taken for: rows of numbers, and a picture."""
        found = desk.models.explain(run, sent(run, image), [label] if label else ())
        if found.error:
            raise TransferError.from_dict(found.error)
        pictures = [heat_picture.on_photo(found, name, desk.photos) for name in found.maps]
        return found.maps, pictures[0]

    def export(run: str, format: str) -> str:
        """The trained model in a format (keras, onnx, litert_int8 …) as a zip."""
        return served(desk.models.export(run, format, again=False).zip)

    for function in (
        check,
        samples,
        advise,
        study,
        stop_study,
        outlook,
        train,
        clone,
        status,
        stop,
        pause,
        change,
        resume,
        queue,
        move,
        review,
        correct,
        runs,
    ):
        gr.api(typed(function), api_name=function.__name__, concurrency_limit=None)
    # An image parameter is uploaded by the client; `str` hints would leave the file where it is.
    with gr.Group(visible=False):
        asked, doubted, wanted, why = gr.Button(), gr.Button(), gr.Button(), gr.Button()
        name = gr.Textbox()
        photo = gr.File()  # not gr.Image, which would read it, and perhaps write another one
        said, shown = gr.JSON(), gr.Image(format="png")
        label = gr.Textbox()
        kind = gr.Textbox("keras")
        archive = gr.File()
    asked.click(typed(predict), [name, photo], said, api_name="predict", concurrency_limit=None)
    doubted.click(typed(answer), [name, photo], said, api_name="answer", concurrency_limit=None)
    why.click(typed(explain), [name, photo, label], [said, shown], api_name="explain", concurrency_limit=None)
    wanted.click(typed(export), [name, kind], archive, api_name="export", concurrency_limit=None)
