"""A trial: a run over a few photos and rounds, somewhere else, to learn what a whole one takes.

It is a run in everything, so whatever takes time or memory in a run does so in a trial. Looking at photos is timed on a
few different ones. Rounds over what was seen of them are as long as in the whole run, each photo counting many times;
rounds for which photos go through unfrozen layers are a few steps long.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import Timeout

from transfer.config import RunConfig
from transfer.costs.cost import Cost
from transfer.costs.estimate import learn_seconds, look_seconds
from transfer.dataset.dataset import Dataset, Photo
from transfer.errors import MemoryShort, RunError, TrainingError
from transfer.messages.endings import Failed
from transfer.messages.events import Launched, Spent
from transfer.processes.launcher import WORKER, LocalLauncher
from transfer.processes.standby import Standby
from transfer.runs.last_words import end_of, lacked_memory
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

LOOKING, LEARNING = 3.0, 8.0  # seconds that looking at photos, and a round of steps, may take, about
DIFFERENT = 32, 256  # photos to look at, at least and at most
STEPS = 2, 16  # the same of a round
ROUNDS = 5
LONGEST = 300.0  # seconds
POLL = 0.2  # seconds between two looks at it, and at whether anything else has begun


def trial(workspace: Workspace, config: RunConfig, dataset: Dataset, look: Callable[[], object] = lambda: None) -> Cost:
    """What a run with this config takes; it is remembered in the workspace.

    It ends, and nothing is remembered, as soon as a run or a study begins: both would seem to take twice as long.

    Args:
        workspace: where the run would be made.
        config, dataset: of the run.
        look: called again and again; what it raises ends the trial.

    Raises:
        MemoryShort: when it did not get to its end for want of memory.
        RunError: while a run or a study is active, or another trial.
        TransferError: when it did not get to its end for another reason.
    """
    require_idle(workspace)
    try:
        with workspace.trial_lock.acquire(timeout=0):
            return _trial(workspace, config, dataset, look)
    except Timeout:
        raise RunError(
            "Something is being measured already.",
            expected="one measurement at a time",
            found="another page or command that measures what a run takes",
            fix="Wait until it is done, about half a minute.",
        ) from None


def require_idle(workspace: Workspace) -> None:
    """See that nothing is at work that a trial would slow down.

    Raises:
        RunError: when a run or a study is.
    """
    if active := workspace.active():
        raise RunError(
            "Nothing can be measured while a run trains: it would seem to take twice as long.",
            expected="nothing that trains or measures",
            found=f"“{active.id}”",
            fix="Wait until it has finished, or stop it.",
        )


def _trial(workspace: Workspace, config: RunConfig, dataset: Dataset, look: Callable[[], object]) -> Cost:
    with tempfile.TemporaryDirectory(prefix="transfer-trial-", ignore_cleanup_errors=True) as folder:
        place = Workspace(Path(folder))
        with contextlib.suppress(OSError):  # translated once, for the runs that follow as well
            (place.cache_dir / "engines").symlink_to(workspace.engines_dir, target_is_directory=True)
            workspace.engines_dir.mkdir(parents=True, exist_ok=True)
        epochs = {name: min(getattr(config, name), ROUNDS) for name in ("head_epochs", "fine_tune_epochs")}
        few = dataclasses.replace(config, **epochs, early_stopping_patience=0)
        run = place.create(few, _few(config, dataset))
        standby = Standby(WORKER, place.standby_log, once=True)  # what a run gets that is begun by a command
        standby.prepare()
        run.log.append(Launched())
        worker, until = LocalLauncher(standby).launch(run), time.monotonic() + LONGEST
        try:
            while worker.alive():
                look()
                require_idle(workspace)
                if time.monotonic() > until:
                    run.request_stop()
                time.sleep(POLL)
        finally:
            worker.end()
        require_idle(workspace)
        if run.log.newest(Spent) is None:
            raise _trouble(run, worker.exit_code)
        cost = Cost.of(config, run.dataset, run.log.read(), run.size(), trial=True)
        workspace.costs.add(cost)
        return cost


def _few(config: RunConfig, dataset: Dataset) -> Dataset:
    """A few different photos, each as often as it takes."""
    least, most = DIFFERENT
    different = int(min(max(LOOKING / look_seconds(config), least), most))
    share = min(different / len(dataset.photos), 1.0)
    learn = max(learn_seconds(config, phase) for phase in ("head", *(["fine_tune"] if config.fine_tunes else [])))
    photos: list[Photo] = []
    for split in ("train", "validation", "test"):
        whole = dataset.of(split)
        some = _spread(whole, max(round(share * len(whole)), len(dataset.classes)))
        count = len(whole)
        if learn:
            steps = int(min(max(LEARNING / learn / config.batch_size, STEPS[0]), STEPS[1]))
            count = min(count, max(steps if split == "train" else 1, 1) * config.batch_size)
        photos += itertools.islice(itertools.cycle(some), count)
    return dataclasses.replace(dataset, photos=tuple(photos), left_out=(), notes=())


def _spread(photos: Sequence[Photo], count: int) -> list[Photo]:
    """At most so many, of all classes: they are in the order of their paths."""
    count = min(count, len(photos))
    return [photos[number * len(photos) // count] for number in range(count)]


def _trouble(run: Run, exit_code: int | None) -> Exception:
    last = run.log.last()
    if isinstance(last, Failed):
        return last.as_error
    if lacked_memory(exit_code, end_of(run.worker_log)):
        return MemoryShort("Memory ran out.", found="the trial was ended by the system", fix="Take a smaller batch.")
    return TrainingError(
        "What a run takes could not be measured.", found=end_of(run.worker_log, 5) or f"exit code {exit_code}"
    )
