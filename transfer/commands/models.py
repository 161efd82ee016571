"""Trained models: what they say of photos, how good they are, and how they are taken away. Servers do the work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from transfer import disk
from transfer.commands.runs import Runs
from transfer.errors import ConfigError, StoppedError, TransferError
from transfer.formats import FORMATS, find
from transfer.messages.questions import Evaluate, Explain, Export, GetReady, HeatMaps, PhotoAnswers, Predict, Summarize
from transfer.processes.client import Client
from transfer.runs.exported import ExportedModel
from transfer.runs.leftovers import sweep
from transfer.runs.making import Making
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run


class Models:
    """Args:
    runs: whose models.
    predictor: the prediction server that answers predictions.
    errands: a second one for exports and evaluations.
    """

    def __init__(self, runs: Runs, predictor: Client, errands: Client) -> None:
        self._runs, self._predictor, self._errands = runs, predictor, errands

    def get_ready(self, run: Run | None = None) -> None:
        """Have the prediction server get a run's model ready, the newest one's if none is named, without waiting."""
        found = run or next((each for each in self._runs.all() if each.model_file.is_file()), None)
        if found is not None and found.model_file.is_file():
            self._predictor.prepare(GetReady(run=str(found.path)))

    def predict(self, name: str, images: Sequence[str | Path], *, top: int | None = None) -> PhotoAnswers:
        """What a run's model says is on some photos: the `top` most probable classes of each, or all.

        Raises:
            TransferError: when there is no such run or it has no model, or no class is asked for.
        """
        run = self._runs.trained(name)
        if top is not None and top < 1:
            raise ConfigError(
                "No classes were asked for.",
                expected="a whole number from 1 (--top)",
                found=str(top),
                fix="Leave it out, or give a higher number.",
            )
        return self._predictor.ask(Predict(run=str(run.path), images=tuple(map(str, images)), top=top))

    def explain(self, name: str, image: str | Path, classes: Sequence[str] = (), *, wait: bool = True) -> HeatMaps:
        """Which places of a photo speak for some classes, or, where none are named, for the one it is taken for.

        Args:
            name: of the run.
            image, classes: the photo and the classes.
            wait: also for what takes seconds, as it does while the model is not translated yet.

        Raises:
            TransferError: when there is no such run or class, or it has no model.
        """
        run = self._runs.trained(name)
        if not classes:
            said = self.predict(name, [image], top=1).photos[0]
            if said.error:
                return HeatMaps(said.path, error=said.error)
            classes = [label for label, _ in said.classes]
        return self._predictor.ask(Explain(run=str(run.path), image=str(image), labels=tuple(classes), wait=wait))

    def evaluate(self, name: str) -> Metrics:
        """Measure a run's model again on its test photos.

        Raises:
            TransferError: when there is no such run or it has no model, or its photos are gone.
        """
        run = self._runs.trained(name)
        self._errands.ask(Evaluate(run=str(run.path)))
        metrics = run.metrics()
        assert metrics is not None
        return metrics

    def summarize(self, name: str, folder: Path) -> Path:
        """Write the curves of a run as TensorBoard reads them; returns the folder that is in `folder`.

        Raises:
            TransferError: when there is no such run, or it cannot be written.
        """
        run = self._runs.get(name)
        with disk.in_words(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._errands.ask(Summarize(run=str(run.path), folder=str(folder)))
        return folder / run.id

    def export(self, name: str, format: str, *, again: bool = True) -> ExportedModel:
        """Write a run's model in a format, as a zip. Not `again`: unless that was done before.

        One is made at a time; how far it is, `making` says.

        Raises:
            StoppedError: when `stop_export` was called.
            TransferError: when there is no such run or format, it has no model, or it cannot be written like that.
        """
        run = self._runs.trained(name)
        find(format).require()  # what cannot be is an error before anything is loaded
        made = None if again else run.exported(format)
        if made is None:
            self._make(run, self._announced(run, format))
            made = run.exported(format)
        assert made is not None
        return made

    def begin_export(self, name: str, format: str) -> None:
        """As `export`, without waiting; what went wrong is in `making`. Nothing where it is being made already.

        Raises:
            TransferError: when it is clear at once that it cannot be made.
        """
        run = self._runs.trained(name)
        find(format).require()
        now = Making.find(run.exports_dir, format)
        if now is None or now.error:
            making = self._announced(run, format)
            threading.Thread(target=self._make_unwatched, args=(run, making), name="export", daemon=True).start()

    def stop_export(self, name: str, format: str) -> bool:
        """Stop an export, or forget one that waits. Whether this program had asked for one.

        Raises:
            TransferError: when there is no such run or format.
        """
        find(format)
        run = self._runs.get(name)
        asked = self._errands.stop(_export(run, format))
        if asked:
            Making(format=format).end(run.exports_dir)
        return asked

    def making(self, run: Run) -> Iterator[Making]:
        """The exports of a run that are being made, or failed the last time."""
        return (found for format in FORMATS if (found := Making.find(run.exports_dir, format)))

    def _announced(self, run: Run, format: str) -> Making:
        making = Making(format=format)
        with disk.in_words(run.path):
            making.write(run.exports_dir)
        return making

    def _make(self, run: Run, making: Making) -> None:
        trouble: TransferError | None = None
        try:
            self._errands.ask(_export(run, making.format), timeout=3600)
        except StoppedError:
            raise
        except TransferError as error:
            trouble = error
            raise
        finally:
            sweep(run.exports_dir)
            making.end(run.exports_dir, trouble)

    def _make_unwatched(self, run: Run, making: Making) -> None:
        with contextlib.suppress(TransferError):  # `making` has it
            self._make(run, making)


def _export(run: Run, format: str) -> Export:
    return Export(run=str(run.path), format=format)
