"""The history of a run: its epochs as a table, as Keras calls it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from transfer.messages.events import EpochEnded

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "step", "phase", "epoch", "loss", "accuracy", "val_loss", "val_accuracy",
    "learning_rate", "seconds", "photos_per_second", "memory_mb", "best",
]  # fmt: skip


def history(epochs: Iterable[EpochEnded]) -> pd.DataFrame:
    """One row per completed epoch, with `COLUMNS`. An epoch repeated after a resume appears once, as it came out last,
    and what followed it before is forgotten."""
    import pandas as pd  # half of what a command would import otherwise

    rows: list[dict[str, Any]] = []
    for epoch in epochs:
        if not epoch.partial:
            while rows and rows[-1]["step"] >= epoch.step:
                rows.pop()
            rows.append(dataclasses.asdict(epoch))
    return pd.DataFrame(rows, columns=COLUMNS)
