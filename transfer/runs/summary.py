"""A run in one line: what lists of runs say of each. How its training went, round by round, is in `Run.history`."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.errors import RunError
from transfer.messages.events import EpochEnded
from transfer.runs.run import Run

DAMAGED = "damaged"
"""The status of a folder that cannot be understood; its message says why."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run was made of and how good it is.

    Attributes:
        run: its directory.
        created: unix time, seconds.
        status: as `Status.state`, or `DAMAGED`; `message` says it in words.
        test_accuracy: on the test photos; None without, or before it was evaluated.
        note, starred: what people added, see `runs.notes`.
        size: bytes on the disk.
        corrections: photos that somebody moved or left out.
        pausable: as `Run.pausable`.
        val_accuracy: on the validation photos, of the epoch whose weights are kept; None without.
    """

    run: str
    name: str
    backbone: str
    alpha: float
    photos: str
    created: float
    status: str
    message: str
    test_accuracy: float | None = None
    val_accuracy: float | None = None
    note: str = ""
    starred: bool = False
    size: int = 0
    pausable: bool = False
    corrections: int = 0

    @classmethod
    def of(cls, run: Run) -> Summary:
        """That of any run directory: one that is damaged says so, instead of hiding all others behind an error."""
        try:
            return cls._of(run)
        except RunError as error:
            return cls(
                run=str(run.path), name=run.id, backbone="", alpha=1.0, photos="", created=run.created,
                status=DAMAGED, message=f"{error.what} {error.found}", starred=run.notes.starred, size=run.size(),
            )  # fmt: skip

    @classmethod
    def _of(cls, run: Run) -> Summary:
        run.require_sound()
        config, metrics, status, notes = run.config, run.metrics(), run.status(), run.notes
        epochs = {epoch.step: epoch for epoch in run.log.all(EpochEnded) if not epoch.partial}
        best = [epochs[step].val_accuracy for step in sorted(epochs) if epochs[step].best]
        return cls(
            run=str(run.path),
            name=run.name,
            backbone=config.backbone,
            alpha=config.alpha,
            photos=config.photos,
            created=run.created,
            status=status.state,
            message=status.message,
            test_accuracy=metrics.accuracy if metrics is not None and metrics.split == "test" else None,
            val_accuracy=best[-1] if best else None,
            note=notes.note,
            starred=notes.starred,
            size=run.size(),
            pausable=run.pausable,
            corrections=len(run.dataset.corrections),
        )
