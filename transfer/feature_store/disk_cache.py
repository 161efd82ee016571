"""A disk cache: folders of what can be computed again; when room is needed, those not used for longest go first.

An entry is a folder, its time of change is when it was last used. One that any living process has in use never goes.
What lies in the entries is for those to know who make them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

_GONE = ".gone-"  # entries being deleted


@dataclass(frozen=True)
class Cleared:
    """What `DiskCache.clear` did: bytes freed, and entries kept because a process uses them."""

    bytes: int
    in_use: int


class DiskCache:
    """The entries of one folder. Any number of processes may use it at a time.

    Args:
        folder: made when first needed; nothing outside it is ever touched, and links in it are not followed.
        cap_bytes: how large all entries together may become, as far as `make_room` is asked.
    """

    def __init__(self, folder: Path, cap_bytes: int) -> None:
        self.folder = Path(folder).resolve()
        self.cap_bytes = cap_bytes

    def size(self) -> int:
        """Bytes of all entries together."""
        return sum(map(_bytes, self._entries()))

    def make_room(self, needed_bytes: int = 0) -> bool:
        """Throw away the entries not used for longest, as few as possible, so that `needed_bytes` more fit.

        Returns:
            Whether they fit. When they cannot, however much were thrown away, nothing is.
        """
        with self._lock():
            sizes = {entry: _bytes(entry) for entry in sorted(self._entries(), key=lambda entry: entry.stat().st_mtime)}
            excess = sum(sizes.values()) + needed_bytes - self.cap_bytes
            if excess <= 0:
                return True
            free = [entry for entry in sizes if not in_use(entry)]
            if excess > sum(sizes[entry] for entry in free):
                return False
            for entry in free:
                if excess > 0:
                    self._remove(entry)
                    excess -= sizes[entry]
            return True

    def clear(self) -> Cleared:
        """Throw away every entry that no process has in use."""
        with self._lock():
            entries = self._entries()
            free = {entry: _bytes(entry) for entry in entries if not in_use(entry)}
            for entry in free:
                self._remove(entry)
            return Cleared(sum(free.values()), len(entries) - len(free))

    def sweep(self) -> None:
        """Tidy away what processes that were killed left behind."""
        if self.folder.is_dir():
            with self._lock():
                for entry in self._entries():
                    in_use(entry)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Held for an instant by whoever takes or removes entries, so that none is removed while it is being taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock", timeout=60, thread_local=False):
            for gone in self.folder.glob(f"{_GONE}*"):  # a process was killed while it deleted
                shutil.rmtree(gone, ignore_errors=True)  # refuses links
            yield

    def _entries(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        with os.scandir(self.folder) as found:
            folders = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
        return [self.folder / name for name in folders if not name.startswith(_GONE)]

    def _remove(self, entry: Path) -> None:
        gone = self.folder / f"{_GONE}{secrets.token_hex(8)}"
        entry.rename(gone)  # a process killed while deleting must not leave half an entry under its name
        shutil.rmtree(gone, ignore_errors=True)


def mark_used(entry: Path) -> None:
    """Note that an entry was used now."""
    os.utime(entry)


def hold(entry: Path) -> FileLock:
    """Have an entry in use until `let_go`, or until this process dies. Needs the cache's lock."""
    mark_used(entry)
    (entry / "held").mkdir(exist_ok=True)
    held = FileLock(entry / "held" / f"{os.getpid()}-{secrets.token_hex(4)}", thread_local=False)
    held.acquire(timeout=10)
    return held


def let_go(held: FileLock) -> None:
    """The end of `hold`."""
    held.release()
    Path(held.lock_file).unlink(missing_ok=True)


def in_use(entry: Path) -> bool:
    """Whether a living process has the entry in use; what dead ones left is tidied away. Needs the cache's lock."""
    living = False
    for file in (entry / "held").glob("*"):
        try:
            with FileLock(file, timeout=0):
                pass
            file.unlink(missing_ok=True)
        except Timeout:
            living = True
    return living


def _bytes(entry: Path) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(entry) as files:
        for file in files:
            with contextlib.suppress(OSError):
                total += file.stat(follow_symlinks=False).st_size if file.is_file(follow_symlinks=False) else 0
    return total
