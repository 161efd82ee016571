"""How far a run is, computed from its event log: for the bars of the page and the line of the terminal alike."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.messages.events import EpochEnded, Launched, PhaseBegun, Progressed, Started
from transfer.runs.run import Run

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
        fraction = min(1.0, measured.done / measured.total) if measured.total else 0.0
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


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
