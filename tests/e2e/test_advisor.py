"""The advisor in a real browser: it is asked, watched over a reload, stopped, and taken at its word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transfer.messages.measurements import NetworkMeasured
from transfer.samples import draw as samples

from .conftest import App, until

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_the_best_network_for_my_photos(page: Page, app: App) -> None:
    samples.draw(app.workspace.photos_dir, per_class=8)
    page.locator("#use-samples").click()
    page.locator("#photos-found").get_by_text("to learn from").first.wait_for(timeout=120_000)
    page.locator("#next-network").click()
    page.locator("#compare").get_by_text("Compare all networks").click()
    page.locator("#compare [data-name=VGG16]").click()
    page.locator("#network-card").get_by_text("VGG16").wait_for()
    assert not page.locator("#use-network").is_visible() and not page.locator("#stop-finding").is_visible()

    page.locator("#find-network").click()
    page.locator("#advice [role=progressbar]").wait_for(timeout=120_000)
    page.reload()
    page.locator("#photos-found").get_by_text("to learn from").first.wait_for(timeout=120_000)
    page.get_by_role("tab", name="2 Network").click()
    page.locator("#advice .t-measured button").first.wait_for(timeout=240_000)
    page.locator("#advice svg[role=img]").wait_for()
    if page.locator("#stop-finding").is_visible():  # where one network is ready, all is done
        page.locator("#stop-finding").click()
    page.locator("#stop-finding").wait_for(state="hidden", timeout=120_000)
    (study,) = app.workspace.studies()
    until(lambda: study.status().over)
    assert study.status().state in {"stopped", "finished"}

    name = study.log.all(NetworkMeasured)[0].step
    page.locator("#advice").get_by_text("not on this machine, with published figures").wait_for()
    page.locator("#use-network", has_text=re.compile("Use EfficientNetLite")).click()
    page.locator("#network-card").get_by_text(re.compile("EfficientNetLite")).wait_for()
    page.locator(f"#advice [data-network='{name}']").click()
    page.locator("#network-card").get_by_text(name, exact=True).wait_for()
    assert page.locator("#setting-backbone input").input_value().startswith(name)
