"""A real app in its own process and a real Chromium. Without Chromium these tests skip, or fail under CI."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waiting import until
from transfer.runs.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent.parent


class App:
    """`python app.py` on a free port, with everything of its own under one folder."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self._environment = environment or {}
        self.workspace = Workspace(folder / "workspace")
        self.uploads = folder / "uploads"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the page is served."""
        command = [sys.executable, "app.py", "--port", str(self.port), "--workspace", str(self.workspace.path)]
        environment = {**os.environ, "KERAS_HOME": str(self.folder / "keras"), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
        environment["GRADIO_TEMP_DIR"] = str(self.uploads)
        environment |= self._environment
        with (self.folder / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--root", str(self.folder)], cwd=ROOT, stdout=log, stderr=log, env=environment
            )
        until(self._answers, 90)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "app.log").read_text()
        try:
            urllib.request.urlopen(self.url, timeout=2).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End the app as a power cut would, workers excepted."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        """End the app and whatever still trains."""
        for job in self.workspace.jobs():
            if not job.status().over:
                job.request_stop()
        until(lambda: not any(job.status().alive for job in self.workspace.jobs()), 90)
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("app"))
    app.start()
    yield app
    app.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, app: App, chromium: Browser) -> Iterator[Page]:
    """A new browser profile that has the page open; JavaScript errors fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(app.url)
    # Said by Python when the page has loaded: before that, a click would fall on a page that cannot answer yet.
    # Where something trains, the page is at another tab by then.
    page.locator("#photos-state .t-empty").wait_for(timeout=90_000, state="attached")
    yield page
    page.screenshot(path=app.folder / f"{request.node.name}.png", full_page=True)  # what a failure looked like
    # Shown for a failed test only: what the page complains about, and the end of what the app said.
    print("\n".join(page.locator(".t-panel").all_inner_texts()), (app.folder / "app.log").read_text()[-3000:], sep="\n")
    context.close()
    assert not errors, errors
