"""Waiting for what another process or a coroutine does, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds, at most that long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, from a thread of its own: this one may have a loop, of Playwright or of Gradio."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
