"""Trained models: what they say of photos, how good they are, and how they are taken away. Servers do the work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transfer.commands.runs import Runs
from transfer.errors import ConfigError
from transfer.formats import find
from transfer.messages.questions import Evaluate, Export, GetReady, PhotoAnswers, Predict
from transfer.processes.client import Client
from transfer.runs.exported import ExportedModel
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

    def export(self, name: str, format: str, *, again: bool = True) -> ExportedModel:
        """Write a run's model in a format, as a zip. Not `again`: unless that was done before.

        Raises:
            TransferError: when there is no such run or format, it has no model, or it cannot be written like that.
        """
        run = self._runs.trained(name)
        find(format)  # an unknown one is an error before anything is loaded
        made = None if again else run.exported(format)
        if made is None:
            self._errands.ask(Export(run=str(run.path), format=format), timeout=1800)
            made = run.exported(format)
        assert made is not None
        return made
