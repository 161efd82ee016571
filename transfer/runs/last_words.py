"""Last words: what a process that ended leaves behind, its exit code in plain words and the end of its log."""

from __future__ import annotations

import signal
from pathlib import Path

from transfer import disk


def lacked_memory(exit_code: int | None, log_tail: str) -> bool:
    """Whether memory ran out, as far as anybody can tell: SIGKILL is how a system takes it back, and code in C++ that
    gets none aborts and says so, to everybody who reads its log."""
    return exit_code == -signal.SIGKILL or (exit_code in {None, -signal.SIGABRT} and "bad_alloc" in log_tail)


def death_in_words(exit_code: int | None, doing: str, log_tail: str = "") -> str:
    """What an exit code, and the end of its log, say to a person about what was being done (`Job.doing`).

    None where it is unknown: the worker was another process's child.
    """
    if exit_code == disk.FULL:
        return f"{doing} ended because the disk was full. Make room before you go on."
    if exit_code == -signal.SIGKILL:
        return f"{doing} was ended by force (signal 9). Often the machine had run out of memory."
    if lacked_memory(exit_code, log_tail):
        return f"{doing} ended because memory ran out."
    if exit_code is None:
        return f"{doing} ended without saying why, perhaps because the machine was switched off."
    if exit_code < 0:
        return f"{doing} was ended by signal {-exit_code} ({signal.Signals(-exit_code).name})."
    return f"{doing} ended unexpectedly (exit code {exit_code}). The end of its log says more."


def end_of(log: Path, lines: int = 30) -> str:
    """The last lines of a text file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 20_000))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
