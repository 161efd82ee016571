"""A run in one line: what lists of runs say of each. How its training went, round by round, is in `Run.history`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from transfer.runs.run import Run


@dataclass(frozen=True)
class Summary:
    """What a run was made of and how good it is.

    Attributes:
        run: its directory.
        status: as `Status.state`.
        test_accuracy: on the test photos; None without, or before it was evaluated.
        val_accuracy: on the validation photos, of the epoch whose weights are kept; None without.
    """

    run: str
    name: str
    backbone: str
    photos: str
    status: str
    test_accuracy: float | None
    val_accuracy: float | None

    @classmethod
    def of(cls, run: Run) -> Summary:
        metrics, history = run.metrics(), run.history()
        best = history[history["best"] == True]["val_accuracy"]  # noqa: E712 - a column of objects
        value = float(best.astype(float).iloc[-1]) if len(best) else math.nan
        return cls(
            run=str(run.path),
            name=run.name,
            backbone=run.config.backbone,
            photos=run.config.photos,
            status=run.status().state,
            test_accuracy=metrics.accuracy if metrics is not None and metrics.split == "test" else None,
            val_accuracy=None if math.isnan(value) else value,
        )
