"""Kept: a worker that outlives the command that started it and takes the run of the next one, for some idle minutes.

It listens on a Unix socket in the workspace that nobody but its user may open. Its name is a digest of all that a
worker is besides its run: the program's files, the interpreter, the environment, the folder it is in. So a command only
finds one like the one it would start itself. Whoever leads the workspace connects, sends a run directory, and the
connection lasts as long as the work. The other end is `learning.standby`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import transfer
from transfer.runs.job import Job
from transfer.runs.workspace import Workspace

LONGEST = 100  # bytes of a socket's path that every system takes
START = 20.0  # seconds that a worker may take until it listens
SURROUNDINGS = ("CUDA", "HOME", "KERAS", "LD_", "OMP_", "OPENBLAS", "OV_", "PATH", "PYTHON", "TF_", "TMPDIR", "VIRTUAL")


class KeptWorker:
    """A kept worker at work, with what `subprocess.Popen` has for a child: it is at it while the connection lasts.

    Args:
        connection: over which it was given the run.
        child: its process, where this program started it.
    """

    def __init__(self, connection: socket.socket, child: subprocess.Popen[bytes] | None) -> None:
        self._connection, self._child = connection, child
        self._peer = _peer(connection)
        self._said: int | None = None
        self._over = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else self._peer

    @property
    def returncode(self) -> int | None:
        """Its exit code, where it can be known."""
        return self._said if self._said is not None or self._child is None else self._child.poll()

    def poll(self) -> int | None:
        """None while it works; afterwards its exit code, 1 where nobody can know."""
        if not self._over:
            try:
                said = self._connection.recv(16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except OSError:
                said = b""
            self._over, self._said = True, int(said) if said else None
            self._connection.close()
        return self.returncode or 0 if self._said is not None else self.returncode or 1


class KeptStandby:
    """The worker that is there from an earlier command, or one started now that stays for the next.

    Args:
        command: the worker's command line; `--keep`, the place and the minutes are added.
        log: where its output goes until it has a run.
        place: as `place` names it.
        minutes: how long it stays without a run.
    """

    def __init__(self, command: tuple[str, ...], log: Path, place: Path, minutes: str) -> None:
        self._command, self._log, self._place, self._minutes = command, log, place, minutes
        self._connection: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @staticmethod
    def place(workspace: Workspace) -> Path | None:
        """Where one for this workspace and program listens; None where that is not possible."""
        folder = Path(transfer.__file__).parent
        files = [(str(file), file.stat().st_mtime_ns) for file in sorted(folder.rglob("*.py"))]
        surroundings = sorted(item for item in os.environ.items() if item[0].startswith(SURROUNDINGS))
        like = json.dumps([sys.version, sys.executable, str(Path.cwd()), files, surroundings])
        place = workspace.cache_dir / f"worker-{hashlib.sha256(like.encode()).hexdigest()[:12]}"
        return place if hasattr(socket, "AF_UNIX") and len(os.fsencode(place)) <= LONGEST else None

    def prepare(self) -> None:
        """See that there is one."""
        if self._connection is None and not self._connect() and (self._child is None or self._child.poll() is not None):
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("wb") as log:
                self._child = subprocess.Popen(
                    [*self._command, "--keep", str(self._place), self._minutes],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def take(self, job: Job) -> KeptWorker | None:
        """Give it the run. None when there is none that could take it."""
        line, latest = os.fsencode(job.path), time.monotonic() + START
        while not self._connect():  # it was started just now
            if self._child is None or self._child.poll() is not None or time.monotonic() > latest:
                return None
            time.sleep(0.02)
        connection, self._connection = self._connection, None
        assert connection is not None
        try:
            connection.sendall(line + b"\n")
        except OSError:
            connection.close()
            return None
        return KeptWorker(connection, self._child)

    def end(self) -> None:
        """Let go of it; it goes on waiting."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> bool:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                if self._place.stat().st_uid == os.getuid():
                    connection.connect(str(self._place))
                    self._connection = connection
            except OSError:
                pass
            if self._connection is None:
                with contextlib.suppress(OSError):
                    connection.close()
        return self._connection is not None


def _peer(connection: socket.socket) -> int | None:
    """The process at the other end, where the system says."""
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0])
    if sys.platform == "darwin":
        return connection.getsockopt(0, 2)  # SOL_LOCAL, LOCAL_PEERPID of <sys/un.h>
    return None
