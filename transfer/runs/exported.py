"""A finished export, as a run keeps it: the zip, and the proof that the model in it says what the app says.

What writes and proves exports is `learning.export`.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

PARITY = "parity.json"


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How close an exported model comes to the app on photos it did not learn from, and how fast it is.

    Attributes:
        photos: how many it was tried on.
        max_difference: greatest difference of a probability, on `worst_photo`.
        worst_photo: its file name; empty when there was no difference.
        tolerance: greatest difference allowed.
        milliseconds_per_photo: of predict.py, one photo at a time on the processor; None without photos.
        machine: it was measured on.
    """

    photos: int
    max_difference: float
    tolerance: float
    machine: str
    worst_photo: str = ""
    milliseconds_per_photo: float | None = None

    def write(self, folder: Path) -> None:
        """Write it into the folder of an export."""
        (folder / PARITY).write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Parity:
        """Read it from the folder of an export.

        Raises:
            FileNotFoundError: when it is not there.
            ValueError: when it is something else.
        """
        parity: Parity = _adapter.validate_python(json.loads((folder / PARITY).read_text(encoding="utf-8")))
        return parity


@dataclass(frozen=True)
class ExportedModel:
    """A run's model in one format: its name in `transfer.formats`, the zip, and the proof."""

    format: str
    zip: Path
    parity: Parity

    @property
    def megabytes(self) -> float:
        """Size of the zip, 2**20 bytes."""
        return self.zip.stat().st_size / 2**20

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, for people's own programs."""
        about = {"format": self.format, "zip": str(self.zip), "megabytes": round(self.megabytes, 3)}
        return {**dataclasses.asdict(self.parity), **about}

    @classmethod
    def find(cls, exports_dir: Path, format: str) -> ExportedModel | None:
        """What was exported in a format; None before that, or when its proof is damaged."""
        zips = sorted(exports_dir.glob(f"*-{format}.zip"))
        try:
            return cls(format, zips[0], Parity.read(exports_dir / format)) if zips else None
        except (FileNotFoundError, ValueError):
            return None


_adapter = TypeAdapter(Parity)
