"""Whether a process still lives, known by its number and when it began: numbers are given away again."""

from __future__ import annotations

TOLERANCE = 2.0  # seconds by which the beginning may seem to move when the machine's clock is put right


def began(pid: int) -> float | None:
    """Unix time at which a living process began; None when there is none, also when only its exit code is left."""
    import psutil  # takes a moment, and is seldom needed

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def lives(pid: int, since: float | None) -> bool:
    """Whether the process with this number that began then is still there; any with this number where `since` is None.

    Only of this machine, and only where this program may see it.
    """
    now = began(pid)
    return now is not None and (since is None or abs(now - since) <= TOLERANCE)
