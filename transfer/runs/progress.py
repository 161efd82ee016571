"""How far a run is, computed from its event log: for the bars of the page and the line of the terminal alike."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.runs.run import Run

PHASE_WORDS = {"head": "new layers", "fine_tune": "fine-tuning"}


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        words: what is happening right now, in plain words; of a run that nobody works on, its status.
        step_fraction: how much of that is done, 0 to 1.
        epochs_done, epochs_total: rounds over both phases; early stopping may end a run before the total.
        photos_per_second, eta_seconds, memory_mb: as the worker last measured them, or None.
    """

    words: str
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
    events = run.log.read()
    # What an earlier worker last said is no news of a run that ended, or waits to be resumed.
    status = run.status()
    kinds = {"progress", "phase", "started", "launched"} if status.alive else set()
    newest = next((e for e in reversed(events) if e["event"] in kinds), None)
    epochs = [int(e["step"]) for e in events if e["event"] == "epoch" and not e.get("partial")]
    words, fraction = status.words, 0.0
    if newest and newest["event"] == "progress":
        words = newest["words"]
        fraction = min(1.0, newest["done"] / newest["total"]) if newest["total"] else 0.0
    elif newest and newest["event"] in {"launched", "started"}:
        words = "Getting ready: loading TensorFlow and the network."
    measured = newest if newest and newest["event"] == "progress" else {}
    return Progress(
        words=words,
        step_fraction=fraction,
        epochs_done=max(epochs, default=0),
        epochs_total=run.config.total_epochs,
        photos_per_second=measured.get("photos_per_second"),
        eta_seconds=measured.get("eta_seconds"),
        memory_mb=measured.get("memory_mb"),
    )


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
