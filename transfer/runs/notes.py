"""Notes: what people add to a run after it was made, in one small file beside what was chosen, which never changes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from transfer.errors import RunError
from transfer.messages.message import adapter
from transfer.runs.whole_file import write_whole

FILE = "notes.json"
LONGEST_NAME = 120  # characters
LONGEST_NOTE = 4000


@dataclass(frozen=True)
class Notes:
    """What stands in the file.

    Attributes:
        name: another name for the run; "" for the one it was given.
        note: any text.
        starred: it is one of those to be found again.
    """

    name: str = ""
    note: str = ""
    starred: bool = False

    @classmethod
    def of(cls, run: Path) -> Notes:
        """Those of a run directory; without any, or with a damaged file, as if there were none."""
        try:
            notes: Notes = adapter(cls).validate_json((run / FILE).read_bytes())
            return notes
        except (OSError, ValueError):
            return cls()

    def write(self, run: Path) -> None:
        """Keep them in a run directory.

        Raises:
            RunError: when a text is too long.
        """
        for what, text, most in (("name", self.name, LONGEST_NAME), ("note", self.note, LONGEST_NOTE)):
            if len(text) > most:
                raise RunError(
                    f"The {what} is too long to be kept.",
                    expected=f"at most {most} characters",
                    found=f"{len(text)} characters",
                    fix="Shorten it.",
                )
        # Half a character, as a program may send it, could not be read again.
        plain = json.dumps(dataclasses.asdict(self), ensure_ascii=False).encode("utf-8", "replace").decode()
        write_whole(run / FILE, plain)
