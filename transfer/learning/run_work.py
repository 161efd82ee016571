"""The work on one run: its network is trained, measured, refined where that helps, and exported; all of it is told.

How that ends when something goes wrong is the `worker`'s to say. Whoever imports this loads TensorFlow.
"""

from __future__ import annotations

import contextlib
import time

import tensorflow as tf

from transfer.costs.cost import Cost, tells
from transfer.dataset.changes import changes
from transfer.dataset.dataset import Dataset
from transfer.errors import RunError
from transfer.learning import device as devices
from transfer.learning.analysis.evaluation import evaluate, measured_split
from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.exporter import export
from transfer.learning.features import early
from transfer.learning.reporter import Reporter
from transfer.learning.training.trainer import Trainer
from transfer.messages.endings import Finished, Paused, Resumed, Stopped
from transfer.messages.events import Evaluated, Exported, Refined, Started
from transfer.runs.leftovers import hidden
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


class RunWork:
    """The work on one run, from its photos to its model.

    Args:
        run: whose lock the caller holds.
    """

    def __init__(self, run: Run) -> None:
        device = devices.choose()
        early.call_off()
        self._run, self._reporter = run, Reporter(run)
        self._dataset = self._as_they_were()
        self._trainer = Trainer(run, device, self._reporter, dataset=self._dataset)
        run.log.append(Started(device=device.description, resumed_from=self._trainer.resumed_from))
        print(f"{run.name}: training on {device.description}", flush=True)

    def do(self) -> None:
        """Everything, or until it is paused or stopped."""
        run, trainer = self._run, self._trainer
        try:
            complete = trainer.train()
            if not complete and trainer.pauses:
                done = trainer.epochs
                where = f"after round {done}" if done else "before its first round was over"
                run.log.append(Paused(message=f"Paused by you {where}; it goes on from there when you like."))
                return
            if not trainer.outcome.exists:
                run.log.append(Stopped(message="Stopped before the first round, so there is no model.", model=False))
                return
            first = self._measure()
            if complete and self._refine():
                self._measure(first)
            elif trainer.outcome.calibrate():
                self._measure(first, anew=False)
            predictor = KerasPredictor(trainer.outcome.result().model, run.dataset.classes)
            self._write_trust()
        finally:
            trainer.close()
        self._export(predictor)
        if complete:
            self._finish()
        else:
            run.log.append(Stopped(message="Stopped by you; the best state so far was kept and measured.", model=True))

    def _as_they_were(self) -> Dataset:
        """The photos of a run that goes on: what is missing or changed since it began is told, and tests nothing."""
        run, reporter = self._run, self._reporter
        if run.log.newest(Resumed) is None:
            return run.dataset
        reporter.begin("loading", "Looking whether the photos are what they were.", len(run.dataset.photos))
        found = changes(run.dataset, Workspace.of(run).photo_memory, lambda done, total: reporter.reach(done))
        if text := str(found):
            reporter.notice("Some photos are not what they were when this run began.", text)
        return found.tested()

    def _measure(self, first: Metrics | None = None, anew: bool = True) -> Metrics | None:
        """Try the best epoch on photos it did not learn from, where there are any.

        Args:
            first: what was measured of the run's first answer, where this is another one.
            anew: whether other classes may be named, which is then told.
        """
        run, reporter, split = self._run, self._reporter, measured_split(self._dataset)
        if not self._dataset.of(split):
            return None
        before = first.calibration.error if first and first.calibration else None
        data = self._trainer.outcome.measured(split)
        network = tf.function(lambda inputs: data.network(tf.cast(inputs, tf.float32), training=False))
        reporter.begin("evaluate", "Trying the best round on photos it did not learn from.", data.photos)
        reporter.say()
        try:
            found = evaluate(
                network, data.source, self._dataset, run.evaluation_dir, seen=reporter.reach, before=before
            )
        except RunError as error:  # the model is there, and may be kept without a figure
            reporter.notice("The model was not measured.", f"{error.what} Found: {error.found}.")
            return None
        told = ("split", "accuracy", "low", "high", "baseline", "photos")
        if anew:
            run.log.append(Evaluated(**{name: getattr(found, name) for name in told}))
        return found

    def _refine(self) -> bool:
        """Look for a better head while the first score is on the screen. Whether one was found."""
        began = time.monotonic()
        if (found := self._trainer.outcome.refine()) is None:
            return False
        chosen = found.choice
        self._run.log.append(
            Refined(
                taken=found.better,
                photos=found.photos,
                before=found.before,
                after=found.after,
                share=chosen.share,
                mirrored=chosen.mirrored,
                penalty=round(chosen.penalty, 8),
                seconds=round(time.monotonic() - began, 3),
            )
        )
        return found.better

    def _write_trust(self) -> None:
        file = self._run.trust_file
        file.unlink(missing_ok=True)
        if limits := self._trainer.outcome.trust():
            limits.write(hidden(file))
            hidden(file).replace(file)

    def _export(self, predictor: KerasPredictor) -> None:
        run, reporter = self._run, self._reporter
        reporter.begin("export", "Writing the model, and checking that the file says what the app says.", 1, "steps")
        reporter.say()
        made = export(run, "keras", predictor, thorough=False)
        run.log.append(
            Exported(
                format=made.format,
                zip=made.zip.relative_to(run.path).as_posix(),
                megabytes=round(made.megabytes, 3),
                milliseconds_per_photo=made.parity.milliseconds_per_photo,
                max_difference=made.parity.max_difference,
            )
        )

    def _finish(self) -> None:
        run, reporter = self._run, self._reporter
        if self._trainer.pauses:
            reporter.notice(
                "It could not be paused any more.",
                "All rounds were over before the pause could take effect, so it was measured and its model written.",
            )
        if tells(run.log.read()):
            reporter.tell_spent()
            with contextlib.suppress(OSError):  # the disk is full: another time
                Workspace.of(run).costs.add(Cost.of(run.config, run.dataset, run.log.read(), run.size()))
        run.log.append(Finished())
