"""The disk: how much room is left on it, how to tell that there was none, and what is said then."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from transfer.errors import DiskError

FULL = errno.ENOSPC
"""The exit code of a program that could not say anywhere else that the disk is full."""

_ERRORS = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# What HDF5, TensorFlow and converters make of these is text.
_WORDS = ("no space left on device", "disk quota exceeded", "file too large", "not enough space on the disk")
NOTHING = 100_000  # bytes; with less than that free, whatever is written fails


def free(place: Path) -> int:
    """Bytes that may still be written in a folder, which need not be there yet."""
    there = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def is_full(trouble: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that nothing more can be written."""
    while trouble is not None:
        if isinstance(trouble, DiskError) or (isinstance(trouble, OSError) and trouble.errno in _ERRORS):
            return True
        if any(words in str(trouble).lower() for words in _WORDS):
            return True
        trouble = trouble.__cause__ or trouble.__context__
    return False


def is_read_only(trouble: OSError) -> bool:
    """Whether it says that nothing may be written."""
    return trouble.errno in {errno.EROFS, errno.EACCES, errno.EPERM}


def full(place: Path, needed: int, what: str, fix: str) -> DiskError:
    """The error that says so.

    Args:
        place: where something was to be written.
        needed: bytes that this takes, about.
        what: what happened, as a sentence.
        fix: what to do once there is room.
    """
    return DiskError(
        what,
        expected=f"about {megabytes(needed)} free in {place}",
        found=f"{megabytes(free(place))} free",
        fix=f"Delete what you no longer need, also in the workspace (remembered features, exports, old runs). {fix}",
    )


def require(place: Path, needed: int, what: str, fix: str) -> None:
    """Raises `full` where less than `needed` bytes are free."""
    if free(place) < needed:
        raise full(place, needed, what, fix)


@contextlib.contextmanager
def in_words(place: Path) -> Iterator[None]:
    """Turn a disk that is found full, or may not be written to, while something small is written into an error.

    Raises:
        DiskError: which says so.
    """
    try:
        yield
    except OSError as trouble:
        if is_full(trouble):
            raise full(place, NOTHING, "The disk is full.", "Then try again.") from trouble
        if not is_read_only(trouble):
            raise
        raise DiskError(
            "Nothing can be written here; what is there can be looked at.",
            expected=f"permission to write in {place}",
            found=trouble.strerror or str(trouble),
            fix="Give your user that permission, or choose another workspace with --workspace.",
        ) from trouble


def megabytes(size: int) -> str:
    """Bytes as people say them, in units of 2**20 or 2**30."""
    if size >= 10 * 2**30:
        return f"{size / 2**30:,.0f} GB"
    return f"{size / 2**20:,.1f} MB" if size < 100 * 2**20 else f"{size / 2**20:,.0f} MB"
