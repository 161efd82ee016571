"""The tree of errors that a person using Transfer can cause.

Each error answers four questions: what happened, what was expected, what was found, and what to do now.
The page, the command line and the event log show the same four answers. A programming mistake is not
one of these: it stays an ordinary exception with its traceback.

    TransferError
    ├── AccessError      a request that is not let in: from another page, too large, or without the right password
    ├── ConfigError      a setting is missing, out of range, or contradicts another
    ├── PhotosError      the image folder or archive cannot be trained from
    ├── PhotoError       one photo cannot be read
    ├── WeightsError     pretrained weights are not on this machine and cannot be fetched, or do not fit
    ├── RunError         a run is unknown, busy, or not far enough for what was asked of it
    ├── DiskError        there is not enough room on the disk
    ├── TrainingError    training itself went wrong (loss became NaN)
    │   └── MemoryShort  memory ran out
    ├── ExportError      a model could not be written in the chosen format, or did not agree with the app
    └── HubError         the Hugging Face Hub did not take a model
"""

from __future__ import annotations

from typing import Self


class TransferError(Exception):
    """Something the user can put right.

    Args:
        what: what happened, as a sentence.
        expected: what would have been right.
        found: what was there instead.
        fix: what to do now.
    """

    def __init__(self, what: str, *, expected: str = "", found: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.found = found
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"Expected: {self.expected}"] if self.expected else []
        lines += [f"Found: {self.found}"] if self.found else []
        lines += [f"What to do: {self.fix}"] if self.fix else []
        return "\n".join(lines)

    def to_dict(self) -> dict[str, str]:
        """The error as JSON-ready text, with the name of its class, for event logs and pipes."""
        return {
            "kind": type(self).__name__,
            "what": self.what,
            "expected": self.expected,
            "found": self.found,
            "fix": self.fix,
        }

    @classmethod
    def from_dict(cls, data: dict[str, str]) -> TransferError:
        """Rebuild an error written by `to_dict`; an unknown kind becomes a plain `TransferError`."""
        kinds = {kind.__name__: kind for kind in cls._family()}
        kind = kinds.get(data.get("kind", ""), TransferError)
        return kind(
            data.get("what", "Something went wrong."),
            expected=data.get("expected", ""),
            found=data.get("found", ""),
            fix=data.get("fix", ""),
        )

    @classmethod
    def _family(cls) -> list[type[Self]]:
        return [cls, *(kind for child in cls.__subclasses__() for kind in child._family())]


class AccessError(TransferError):
    """A request is not let in.

    Args:
        status: the HTTP status that says so to programs.
    """

    def __init__(self, what: str, *, expected: str = "", found: str = "", fix: str = "", status: int = 403) -> None:
        super().__init__(what, expected=expected, found=found, fix=fix)
        self.status = status


class ConfigError(TransferError):
    """A setting is missing, out of range, or contradicts another."""


class PhotosError(TransferError):
    """The image folder or archive cannot be trained from."""


class PhotoError(TransferError):
    """One photo cannot be read."""


class WeightsError(TransferError):
    """Pretrained weights are not on this machine and cannot be fetched, or do not fit the network."""


class RunError(TransferError):
    """A run is unknown, busy, or not far enough for what was asked of it."""


class StoppedError(RunError):
    """Somebody ended what was asked for before it was done."""


class DiskError(TransferError):
    """There is not enough room on the disk."""


class TrainingError(TransferError):
    """Training itself went wrong: the loss became NaN, or memory ran out."""


class MemoryShort(TrainingError):
    """Memory ran out."""


class ExportError(TransferError):
    """A model could not be written in the chosen format, or did not agree with the app."""


class HubError(TransferError):
    """The Hugging Face Hub did not take a model."""
