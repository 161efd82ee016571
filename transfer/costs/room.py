"""How much main memory a program may still take on this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")  # where Linux limits the memory of containers


def free_memory_mb() -> float:
    """Main memory that a new program may take, 2**20 bytes: what the system has left, or less in a container."""
    free = float(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):
        limit, used = (int((CGROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        files = 0
        for line in (CGROUP / "memory.stat").read_text().splitlines():
            if line.startswith("inactive_file "):  # which gives way
                files = int(line.split()[1])
        free = min(free, limit - used + files)
    return free / 2**20
