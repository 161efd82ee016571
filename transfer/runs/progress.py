"""How far a run or a study is, computed from its event log: for the bars of the page and the line of the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.messages.events import EpochEnded, Launched, PhaseBegun, Progressed, Started
from transfer.messages.measurements import Planned, StepEnded
from transfer.runs.run import Run
from transfer.runs.study import Study

PHASE_WORDS = {"head": "new layers", "fine_tune": "fine-tuning"}


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        message: what is happening right now, in plain words; of a run that nobody works on, its status.
        step_fraction: how much of that is done, 0 to 1.
        epochs_done, epochs_total: rounds over both phases; early stopping may end a run before the total.
        photos_per_second, eta_seconds, memory_mb: as the worker last measured them, or None.
    """

    message: str
    step_fraction: float
    epochs_done: int
    epochs_total: int
    photos_per_second: float | None = None
    eta_seconds: float | None = None
    memory_mb: float | None = None

    @property
    def fraction(self) -> float:
        """Overall progress in rounds, 0 to 1."""
        return min(1.0, self.epochs_done / self.epochs_total) if self.epochs_total else 0.0


def progress(run: Run) -> Progress:
    """The progress of a run in any state."""
    # What an earlier worker last said is no news of a run that ended, or waits to be resumed.
    status = run.status()
    kinds = (Progressed, PhaseBegun, Started, Launched)
    newest = next((e for e in reversed(run.log.read()) if isinstance(e, kinds)), None) if status.alive else None
    message, fraction = status.message, 0.0
    measured = newest if isinstance(newest, Progressed) else None
    if measured:
        message = measured.message
        fraction = _share(measured)
    elif isinstance(newest, (Launched, Started)):
        message = "Getting ready: loading TensorFlow and the network."
    return Progress(
        message=message,
        step_fraction=fraction,
        epochs_done=max((epoch.step for epoch in run.log.all(EpochEnded) if not epoch.partial), default=0),
        epochs_total=run.config.total_epochs,
        photos_per_second=measured.photos_per_second if measured else None,
        eta_seconds=measured.eta_seconds if measured else None,
        memory_mb=measured.memory_mb if measured else None,
    )


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


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
