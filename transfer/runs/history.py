"""The history of a run: its epochs as a table, as Keras calls it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from transfer.messages.events import EpochEnded

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "step", "phase", "epoch", "loss", "accuracy", "val_loss", "val_accuracy",
    "learning_rate", "seconds", "photos_per_second", "memory_mb", "best",
]  # fmt: skip


def history(epochs: Iterable[EpochEnded]) -> pd.DataFrame:
    """One row per completed epoch, with `COLUMNS`. An epoch repeated after a resume appears once."""
    import pandas as pd  # half of what a command would import otherwise

    rows = [dataclasses.asdict(epoch) for epoch in epochs if not epoch.partial]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.drop_duplicates("step", keep="last").sort_values("step").reset_index(drop=True)
