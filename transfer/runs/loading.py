"""Loading: how often a model names another class because somebody opens and resizes the photos in another usual way.

`evaluation/loading.json` keeps it. What measures is `learning.analysis.loading`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from transfer.runs.whole_file import write_whole

FILE = "loading.json"


@dataclass(frozen=True)
class Loading:
    """How often the answer changes.

    Attributes:
        photos: that were looked at.
        changed: the way of loading, in words, to how many of these photos get another class.
    """

    photos: int
    changed: dict[str, int]

    def in_words(self) -> str:
        """One sentence; "" when there were no photos."""
        if not self.photos:
            return ""
        if not any(self.changed.values()):
            return f"Loaded with {', or with '.join(self.changed)}, these {self.photos} photos get the same class."
        ways = ", ".join(f"{count} with {way}" for way, count in self.changed.items())
        return f"Of {self.photos} photos so many get another class when they are loaded otherwise: {ways}."

    def write(self, folder: Path) -> None:
        """Write it into the folder of an evaluation."""
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / FILE, json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def read(cls, folder: Path) -> Loading | None:
        """Read it from the folder of an evaluation; None when it is not there, or damaged."""
        try:
            loading: Loading = _adapter.validate_json((folder / FILE).read_bytes())
        except (OSError, ValueError):
            return None
        return loading


_adapter = TypeAdapter(Loading)
