"""The worker: `python -m transfer.learning.worker DIR` trains, evaluates and exports one run, or makes one study, and
ends.

With `--standby` or `--keep` in place of the directory it loads everything first and waits for the directory; see
`standby`.

It holds the lock of the run or study for as long as it lives and tells everything through its event log. Its output
goes to worker.log. Exit code 0 when that is finished or was stopped by the user, 1 otherwise.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import Timeout

from transfer import disk
from transfer.costs.cost import Cost, tells
from transfer.costs.space import run_bytes
from transfer.dataset.changes import changes
from transfer.dataset.dataset import Dataset
from transfer.errors import DiskError, MemoryShort, RunError, TrainingError, TransferError
from transfer.learning import standby
from transfer.learning.features import early
from transfer.learning.memory import forget_peak, share_one_heap, sizes_to_try
from transfer.messages.endings import Failed, Finished, Interrupted, Paused, Resumed, Stopped
from transfer.messages.events import Evaluated, Exported, Refined, Started
from transfer.runs.leftovers import hidden
from transfer.runs.run import Run
from transfer.runs.status import TERMINAL
from transfer.runs.study import Study, open_job
from transfer.runs.workspace import Workspace

if TYPE_CHECKING:
    from transfer.learning.reporter import Reporter
    from transfer.learning.training.trainer import Trainer
    from transfer.runs.metrics import Metrics

LOCK_TIMEOUT = 10.0  # seconds; readers hold the lock for an instant when they probe it


def main(arguments: list[str]) -> int:
    """Work on the directory given as the only argument, or wait for one."""
    match arguments:
        case ["--standby"]:
            return standby.wait_for_input(work)
        case ["--keep", place, minutes]:
            return standby.stay(Path(place), float(minutes), work)
        case [directory]:
            return work(Path(directory))
    print("usage: python -m transfer.learning.worker DIR | --standby | --keep PLACE MINUTES", file=sys.stderr)
    return 1


def work(directory: Path) -> int:
    """Work on the run or study in a directory. Returns the exit code."""
    try:
        job = open_job(directory)
        with job.lock.acquire(timeout=LOCK_TIMEOUT):
            return _work(job)
    except Timeout:
        print(f"Another process is working on {directory}.", file=sys.stderr)
        return 1
    except RunError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        early.call_off()


def _work(job: Run | Study) -> int:
    """Everything, and whatever happens one event that says how it ended. The caller holds the lock.

    A run that something befell from outside, or a mistake in the program, is interrupted and can go on; one that would
    end like that again has failed, and so has a study, which is made anew.
    """
    if job.status().state in TERMINAL:
        print(f"This {job.kind} is over: {job.status().message}", file=sys.stderr)
        return 1
    try:
        if isinstance(job, Study):
            from transfer.learning.advisor.advisor import advise

            with sizes_to_try(job.config.run):
                advise(job)
        else:
            if "keras" not in sys.modules:  # which takes long to load
                early.start(job.path)
            with sizes_to_try(job.config):
                _train_and_measure(job)
        return 0
    except Exception as trouble:
        error, passing = _in_words(job, trouble)
    print(error, file=sys.stderr)
    try:
        job.log.append((Interrupted if passing and isinstance(job, Run) else Failed).of(error))
    except OSError as trouble:
        if not disk.is_full(trouble):
            raise
        return disk.FULL  # whoever started this says so when there is room again
    return 1


def _in_words(job: Run | Study, trouble: Exception) -> tuple[TransferError, bool]:
    """What ended the work, for people, and whether it need not end like that once more."""
    again = "resume it: it goes on from the last finished round" if isinstance(job, Run) else "begin it anew"
    if isinstance(trouble, TransferError) and not disk.is_full(trouble):
        return trouble, isinstance(trouble, MemoryShort)
    if isinstance(trouble, DiskError):
        return trouble, True
    traceback.print_exc()
    if disk.is_full(trouble):
        what = f"{job.doing} ended because the disk is full."
        return disk.full(job.path, _needed(job), what, f"Then {again}."), True
    error = TrainingError(
        f"{job.doing} ended because of a mistake in the program, not in your settings.",
        found=f"{type(trouble).__name__}: {str(trouble)[:500]}",
        fix=f"{again.capitalize()}. If it happens again, report it with worker.log from the {job.kind}'s folder.",
    )
    return error, True


def _needed(job: Run | Study) -> int:
    """Bytes that a run still needs, about; a study needs next to none."""
    if isinstance(job, Study):
        return disk.NOTHING
    there = job.checkpoint.stat().st_size if job.checkpoint.is_file() else 0
    return run_bytes(job.config, job.dataset) - there


def _train_and_measure(run: Run) -> None:
    run.sweep()
    forget_peak()
    disk.require(run.path, _needed(run), "There is not enough room on the disk for this run.", "Then resume it.")
    from transfer.learning.export import fresh

    fresh.keep_ready()

    from transfer.learning import device as devices
    from transfer.learning.analysis.prediction import KerasPredictor
    from transfer.learning.export.exporter import export
    from transfer.learning.reporter import Reporter
    from transfer.learning.training.trainer import Trainer

    device = devices.choose()
    early.call_off()
    reporter = Reporter(run)
    dataset = _as_they_were(run, reporter)
    trainer = Trainer(run, device, reporter, dataset=dataset)
    run.log.append(Started(device=device.description, resumed_from=trainer.resumed_from))
    print(f"{run.name}: training on {device.description}", flush=True)
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
        first = _measure(run, dataset, trainer, reporter)
        if complete and _refine(run, trainer, reporter):
            _measure(run, dataset, trainer, reporter, first)
        elif trainer.outcome.calibrate():
            _measure(run, dataset, trainer, reporter, first, anew=False)
        predictor = KerasPredictor(trainer.outcome.result().model, run.dataset.classes)
        run.trust_file.unlink(missing_ok=True)
        if limits := trainer.outcome.trust():
            limits.write(hidden(run.trust_file))
            hidden(run.trust_file).replace(run.trust_file)
    finally:
        trainer.close()
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
    if complete:
        if trainer.pauses:
            reporter.notice(
                "It could not be paused any more.",
                "All rounds were over before the pause could take effect, so it was measured and its model written.",
            )
        if tells(run.log.read()):
            reporter.tell_spent()
            with contextlib.suppress(OSError):  # the disk is full: another time
                Workspace.of(run).costs.add(Cost.of(run.config, run.dataset, run.log.read(), run.size()))
        run.log.append(Finished())
    else:
        run.log.append(Stopped(message="Stopped by you; the best state so far was kept and measured.", model=True))


def _refine(run: Run, trainer: Trainer, reporter: Reporter) -> bool:
    """Look for a better head while the first score is on the screen. Whether one was found."""
    began = time.monotonic()
    if (found := trainer.outcome.refine()) is None:
        return False
    chosen = found.choice
    run.log.append(
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


def _as_they_were(run: Run, reporter: Reporter) -> Dataset:
    """The photos of a run that goes on: what is missing or changed since it began is told, and tests nothing."""
    if run.log.newest(Resumed) is None:
        return run.dataset
    reporter.begin("loading", "Looking whether the photos are what they were.", len(run.dataset.photos))
    found = changes(run.dataset, Workspace.of(run).photo_memory, lambda done, total: reporter.reach(done))
    if text := str(found):
        reporter.notice("Some photos are not what they were when this run began.", text)
    return found.tested()


def _measure(
    run: Run,
    dataset: Dataset,
    trainer: Trainer,
    reporter: Reporter,
    first: Metrics | None = None,
    anew: bool = True,
) -> Metrics | None:
    """Try the best epoch on photos it did not learn from, where there are any.

    Args:
        first: what was measured of the run's first answer, where this is another one.
        anew: whether other classes may be named, which is then told.
    """
    import tensorflow as tf

    from transfer.learning.analysis.evaluation import evaluate, measured_split

    split = measured_split(dataset)
    if not dataset.of(split):
        return None
    before = first.calibration.error if first and first.calibration else None
    data = trainer.outcome.measured(split)
    network = tf.function(lambda inputs: data.network(tf.cast(inputs, tf.float32), training=False))
    reporter.begin("evaluate", "Trying the best round on photos it did not learn from.", data.photos)
    reporter.say()
    try:
        metrics = evaluate(network, data.source, dataset, run.evaluation_dir, seen=reporter.reach, before=before)
    except RunError as error:  # the model is there, and may be kept without a figure
        reporter.notice("The model was not measured.", f"{error.what} Found: {error.found}.")
        return None
    told = ("split", "accuracy", "low", "high", "baseline", "photos")
    if anew:
        run.log.append(Evaluated(**{name: getattr(metrics, name) for name in told}))
    return metrics


class _Log(io.FileIO):
    """What cannot be written to the log, because the disk is full, is lost; the work is not."""

    def write(self, text: Any) -> int:
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)


def log_output() -> io.TextIOWrapper:
    """Where this process says what it does."""
    return io.TextIOWrapper(_Log(1, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)


if __name__ == "__main__":
    sys.stdout = sys.stderr = log_output()
    share_one_heap()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(sys.argv[1:]))
