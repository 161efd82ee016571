"""How far a run or a study is, computed from its event log: for the bars of the page and the line of the terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from transfer.config import RunConfig
from transfer.costs.estimate import Estimate, estimate
from transfer.messages.events import (
    EarlyStopped,
    EpochEnded,
    Evaluated,
    Event,
    Launched,
    PhaseBegun,
    Progressed,
    Refined,
    Started,
)
from transfer.messages.measurements import Planned, StepEnded
from transfer.runs.run import Run
from transfer.runs.study import Study
from transfer.runs.workspace import Workspace

TRAINING = frozenset({"train", "validate"})  # stages of `Progressed`
ENDING = ("evaluate", "export")  # stages of `Estimate` that follow training, whenever that ends
LONGEST = 1e8  # seconds; what would take longer is not worth a number
PHASE_WORDS = {"head": "new layers", "fine_tune": "fine-tuning"}


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        message: what is happening right now, in plain words; of a run that nobody works on, its status.
        step_fraction, step_eta: how much of that is done, 0 to 1, and the seconds it still takes; None while unknown.
        epochs_done, epochs_total: rounds over both phases; of a phase that ended early, those that there were.
        fraction: of everything up to the model, 0 to 1.
        eta_seconds: until then; None when nobody works on it.
        at_most: whether early stopping may end it sooner.
        reckoned: whether nothing of this run was measured yet: a busy machine may take much longer.
        photos_per_second, memory_mb: as the worker last measured them, or None.
    """

    message: str
    step_fraction: float
    step_eta: float | None
    epochs_done: int
    epochs_total: int
    fraction: float
    eta_seconds: float | None = None
    at_most: bool = False
    reckoned: bool = False
    photos_per_second: float | None = None
    memory_mb: float | None = None

    @property
    def left(self) -> str:
        """How long it will still take, in words; "" while unknown."""
        if self.reckoned and self.eta_seconds:
            return f"about {roughly(self.eta_seconds)} on an idle machine"
        return left(self.eta_seconds, self.at_most)


def left(seconds: float | None, at_most: bool = False) -> str:
    """How long something will still take, in words, and when that is, where it is not soon."""
    if not seconds or seconds < 0:
        return ""
    until = f", until {time.strftime('%H:%M', time.localtime(time.time() + seconds))}" if seconds >= 600 else ""
    return f"{'at most' if at_most else 'about'} {duration(seconds)} left{until}"


def progress(run: Run) -> Progress:
    """The progress of a run in any state."""
    # What an earlier worker last said is no news of a run that ended, or waits to be resumed.
    status = run.status()
    events = run.log.read()
    kinds = (Progressed, PhaseBegun, Started, Launched)
    newest = next((e for e in reversed(events) if isinstance(e, kinds)), None) if status.alive else None
    message = status.message
    measured = newest if isinstance(newest, Progressed) else None
    if measured:
        message = measured.message
    elif isinstance(newest, (Launched, Started)):
        message = "Getting ready: loading TensorFlow and the network."
    done = max((epoch.step for epoch in events if isinstance(epoch, EpochEnded) and not epoch.partial), default=0)
    early = {ended.phase: ended.epoch for ended in events if isinstance(ended, EarlyStopped)}
    config = run.config_at()
    planned = {"head": config.head_epochs} | ({"fine_tune": config.fine_tune_epochs} if config.fine_tunes else {})
    total = sum((planned | early).values())
    fraction, eta, at_most = (min(1.0, done / total) if total else 0.0), None, False
    if status.state == "finished":
        fraction = 1.0
    elif status.alive:
        foreseen = _foreseen(run, config)
        eta, at_most = _time_left(foreseen, run, events, measured, status.state == "stopping")
        elapsed = time.time() - next((e.time for e in reversed(events) if isinstance(e, Launched)), time.time())
        elapsed = min(max(elapsed, 0.0), LONGEST)
        fraction = max(1 - eta / max(foreseen.seconds, eta + elapsed, 1e-6), 0.0)
    return Progress(
        message=message,
        step_fraction=_share(measured) if measured else 0.0,
        step_eta=measured.eta_seconds if measured else None,
        epochs_done=done,
        epochs_total=total,
        fraction=fraction,
        eta_seconds=eta,
        at_most=at_most,
        reckoned=status.alive and not _measured(events),
        photos_per_second=measured.photos_per_second if measured else None,
        memory_mb=measured.memory_mb if measured else None,
    )


def _measured(events: Sequence[Event]) -> bool:
    """Whether the worker at work has said how fast it goes."""
    launched = next((place for place in reversed(range(len(events))) if isinstance(events[place], Launched)), 0)
    return any(isinstance(event, Progressed) and event.eta_seconds is not None for event in events[launched:])


@lru_cache(maxsize=64)
def _foreseen(run: Run, config: RunConfig) -> Estimate:
    """What the run will take, once for all looks at it; with other settings it is another one."""
    return estimate(config, run.dataset, Workspace.of(run).costs.read())


def _time_left(
    foreseen: Estimate, run: Run, events: Sequence[Event], now: Progressed | None, stopping: bool
) -> tuple[float, bool]:
    """Seconds until everything is done, and whether early stopping may end it sooner."""
    stage, since = _stage(run, events, now)
    names = list(foreseen.stages)
    ahead = names[names.index(stage) + 1 :] if stage in names else [name for name in names if name in ENDING]
    here = foreseen.stages.get(stage, 0.0)  # nobody may want more of a phase at work
    seconds = max(here - (time.time() - since), here / 10)
    if now and now.stage == "features" and now.eta_seconds is not None:
        seconds = now.eta_seconds
        train = len(run.dataset.of("train"))
        if stage == "prepare" and now.total < train and now.photos_per_second:  # the validation photos come first
            seconds += train / now.photos_per_second
    elif now and now.stage in TRAINING:
        ended = [event for event in events if isinstance(event, EpochEnded) and event.phase == stage]
        if now.eta_seconds is not None and (ended or not foreseen.measured):  # the first rounds may be slower
            seconds = now.eta_seconds
        elif ended and now.eta_seconds is None:  # it has just gone on, as fast as before
            seconds = (ended[-1].seconds or 0.0) * max(getattr(run.config_at(), f"{stage}_epochs") - ended[-1].epoch, 0)
    if stopping:
        ahead = [name for name in ahead if name in ENDING]
        seconds = seconds if stage in ENDING else 0.0
    at_most = foreseen.at_most and not stopping and stage in {"start", "prepare", *PHASE_WORDS}
    seconds += sum(foreseen.stages[name] for name in ahead)
    return min(max(seconds, 0.0), LONGEST), at_most


def _stage(run: Run, events: Sequence[Event], now: Progressed | None) -> tuple[str, float]:
    """Which stage of its `Estimate` a run is in, and since when, unix time."""
    phases = [event for event in events if isinstance(event, PhaseBegun)]
    if now and now.stage in TRAINING and phases:
        return _of_phase(phases[-1])
    for event in reversed(events):
        if isinstance(event, Launched):
            return "start", event.time
        if isinstance(event, Started):
            return "prepare", event.time
        if isinstance(event, PhaseBegun):
            return _of_phase(event)
        if isinstance(event, Refined):
            return "export", event.time
        if isinstance(event, Evaluated):
            refined = any(isinstance(each, Refined) for each in events)
            return "refine" if run.config_at().refines and not refined else "export", event.time
        if isinstance(event, EpochEnded | EarlyStopped):
            another = event.phase == "head" and run.config_at().fine_tunes
            return "fine_tune" if another else "evaluate", event.time
    return "start", time.time()


def _of_phase(begun: PhaseBegun) -> tuple[str, float]:
    return begun.phase if begun.phase in PHASE_WORDS else "prepare", begun.time


@dataclass(frozen=True)
class StudyProgress:
    """Where a study stands.

    Attributes:
        message: what is happening right now; of one that nobody works on, its status.
        step: what is being measured; "" when nothing is.
        done, total: of the steps.
        fraction: of the whole, 0 to 1.
        eta_seconds: until everything is measured; None while unknown.
    """

    message: str
    step: str
    done: int
    total: int
    fraction: float
    eta_seconds: float | None


def study_progress(study: Study) -> StudyProgress:
    """The progress of a study in any state."""
    status, events = study.status(), study.log.read()
    planned = study.log.newest(Planned) or Planned()
    ended = study.log.all(StepEnded)
    kinds = (Progressed, StepEnded, Started, Launched)
    newest = next((event for event in reversed(events) if isinstance(event, kinds)), None) if status.alive else None
    message, share, eta = status.message, 0.0, None
    if isinstance(newest, Progressed):
        message, share = newest.message, _share(newest)
    elif isinstance(newest, Launched):
        message = "Getting ready: loading TensorFlow."
    total, done = len(planned.steps), len(ended)
    at = planned.steps[done] if status.alive and done < total else ""
    if at:
        # What was foreseen is corrected by what the steps that are over took.
        foreseen = sum(planned.seconds[:done])
        pace = sum(step.seconds for step in ended) / foreseen if foreseen else 1.0
        eta = pace * (planned.seconds[done] * (1 - share) + sum(planned.seconds[done + 1 :]))
    return StudyProgress(message, at, done, total, min(1.0, (done + share) / total) if total else 0.0, eta)


def _share(progressed: Progressed) -> float:
    return min(1.0, progressed.done / progressed.total) if progressed.total else 0.0


def roughly(seconds: float) -> str:
    """Seconds that are only guessed, as people say them."""
    if seconds < 10:
        return "ten seconds"
    return "half a minute" if seconds < 45 else "a minute" if seconds < 90 else duration(seconds)


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
