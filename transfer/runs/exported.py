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

from transfer.setting import plain

PARITY = "parity.json"


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How close an exported model comes to the app on photos it did not learn from, how good and how fast it is.

    What is None was not measured: there were no photos, the export was proven on a few only, or by an earlier version.

    Attributes:
        photos: how many it was tried on.
        max_difference: greatest difference of a probability, on `worst_photo`.
        worst_photo: its file name; empty when there was no difference.
        tolerance: greatest difference allowed; None where it is only told.
        agreement: share of the photos for which it names the class that the app names.
        accuracy, app_accuracy: share of the photos that it, and the app, get right.
        model_megabytes: size of the model, 2**20 bytes.
        first_milliseconds: from the first photo, read, to its answer.
        steady_milliseconds: median of later ones, one at a time.
        milliseconds_per_photo: of predict.py, reading the file included, mostly several at once.
        machine: it was measured on, with the processor.
        mark: what it falls short in, as a sentence; empty when in nothing.
    """

    photos: int
    max_difference: float
    tolerance: float | None
    machine: str
    worst_photo: str = ""
    agreement: float | None = None
    accuracy: float | None = None
    app_accuracy: float | None = None
    model_megabytes: float | None = None
    first_milliseconds: float | None = None
    steady_milliseconds: float | None = None
    milliseconds_per_photo: float | None = None
    mark: str = ""

    @property
    def off(self) -> str:
        """The greatest difference of a probability, as people write it; below what shows, that."""
        return plain(max(float(f"{self.max_difference:.2g}"), 1e-6))

    def in_words(self) -> list[str]:
        """The figures, a piece each, for a line of text."""
        pieces = [f"tried on {self.photos} photos"]
        if self.agreement is not None and self.accuracy is not None and self.app_accuracy is not None:
            pieces += [f"{self.agreement:.1%} named as by the app"]
            pieces += [f"{self.accuracy:.1%} right (the app {self.app_accuracy:.1%})"]
        pieces += [f"no probability off by more than {self.off}"]
        pieces += [f"{self.model_megabytes:.1f} MB"] if self.model_megabytes is not None else []
        if self.steady_milliseconds is not None:
            pieces += [f"{self.steady_milliseconds:.1f} ms a photo, the first {self.first_milliseconds:.0f} ms"]
        return [*pieces, *([self.mark] if self.mark else [])]

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
