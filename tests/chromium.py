"""The browser of tests and benchmarks: the system's Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",  # a camera that shows a test picture
)


def found() -> str | None:
    """Where it is; None where there is none on the path."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """One that runs; two of Playwright cannot run in a process."""
    from playwright.sync_api import sync_playwright

    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        options = [*OPTIONS, *(["--no-sandbox"] if as_root else [])]
        browser = playwright.chromium.launch(executable_path=found(), args=options)
        yield browser
        browser.close()
