"""Memory: how much of it this process holds, how it is kept from growing, and what to try when it runs out."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import psutil

from transfer.config import RunConfig
from transfer.errors import MemoryShort
from transfer.networks.backbones import BACKBONES

M_ARENA_MAX = -8  # of glibc's malloc.h
SIGNS = ("memory", "alloc", "start new thread", "map segment")  # threads and libraries need memory, too


def share_one_heap() -> None:
    """Let all threads allocate from one heap; call it before there are any.

    By default glibc gives them several, and each keeps the most it ever held, so that memory would grow with the number
    of photos. Other C libraries have no such thing.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def resident_megabytes() -> float:
    """What this process holds in main memory, in MB (2**20 bytes)."""
    return float(round(psutil.Process().memory_info().rss / 2**20, 1))


def peak_megabytes() -> float:
    """The most that this process ever held in main memory, or since `forget_peak`; 0 where the system does not tell."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
            return round(int(status.partition("VmHWM:")[2].split()[0]) / 2**10, 1)
    return float(round(getattr(psutil.Process().memory_info(), "peak_wset", 0) / 2**20, 1))


def forget_peak() -> None:
    """Measure the peak from now on, where the system can: a worker that stays has had other runs before."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def ran_out(trouble: Exception) -> bool:
    """Whether it was memory that ran out, which libraries say in many ways."""
    return isinstance(trouble, MemoryError) or any(sign in str(trouble).lower() for sign in SIGNS)


@contextlib.contextmanager
def sizes_to_try(config: RunConfig) -> Iterator[None]:
    """Turn every way in which memory runs out into one error that says what to try.

    Raises:
        MemoryShort: when it did.
    """
    import tensorflow as tf

    try:
        yield
    except (MemoryError, RuntimeError, tf.errors.ResourceExhaustedError, tf.errors.InternalError) as trouble:
        if not (isinstance(trouble, tf.errors.ResourceExhaustedError) or ran_out(trouble)):
            raise
        traceback.print_exc()
        record = BACKBONES.get(config.backbone)
        size = config.image_size or (record.image_size if record else None)
        smaller = f"a photo size of {max(size // 2, 32)} (image_size)" if size else "a smaller photo size (image_size)"
        raise MemoryShort(
            "Memory ran out.",
            expected="room for a batch of photos and everything the network computes from them",
            found=f"{config.batch_size} photos per step (batch_size)" + (f" of {size} pixels" if size else ""),
            fix=f"Go on, or start again, with a batch size of {max(config.batch_size // 2, 1)}, or {smaller}.",
        ) from trouble
