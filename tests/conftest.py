"""The browser of all tests: one, because two of Playwright cannot run in a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import chromium as browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if browser.found() is None:
        (pytest.fail if os.environ.get("REQUIRE_CHROMIUM") else pytest.skip)("there is no chromium on the path")
    with browser.launched() as started:
        yield started
