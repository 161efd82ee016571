"""Names of folders, classes, files and runs that are HTML: shown as text in every tab of a real browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.ui.conftest import HOSTILE, epoch, measured
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.messages.endings import Died, Finished

from .conftest import App
from .photos import draw

if TYPE_CHECKING:
    from playwright.sync_api import Page

STEPS = ("1 Photos", "2 Network", "3 Train", "4 Results", "5 Try it", "6 Take away", "Past runs")


def test_no_name_becomes_a_part_of_the_page(app: App, page: Page) -> None:
    folder = app.folder / f"{HOSTILE} pets"
    for number, drawn in enumerate(sorted(draw(folder / "drawn").iterdir())):
        shutil.move(drawn, folder / f"{number} {HOSTILE}")
    (folder / "drawn").rmdir()
    (folder / f"0 {HOSTILE}" / f"torn {HOSTILE}.jpg").write_bytes(b"no photo")
    settings = {"photos": str(folder), "backbone": "MobileNetV2", "name": HOSTILE}
    dataset = scan(folder)
    for end in (Died(message=HOSTILE, log_tail=HOSTILE), Finished()):
        run = app.workspace.create(RunConfig.from_dict(settings), dataset)
        for step in (1, 2, 3):
            epoch(run, step)
        measured(run)
        run.log.append(end)

    page.add_init_script("window.alert = () => { window.hit = true; }")
    page.on("dialog", lambda dialog: (_ for _ in ()).throw(AssertionError(dialog.message)))
    page.reload()
    page.locator("#photos-state .t-empty").wait_for(timeout=90_000)
    page.locator("#photos-path textarea, #photos-path input").fill(str(folder))
    page.locator("#check-photos").click()
    page.locator("#photos-found").get_by_text("onerror").first.wait_for(timeout=60_000)
    for name in STEPS:
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(600)  # nothing may happen: there is nothing to wait for
        assert page.locator("[onerror], img[src=x]").count() == 0, name
        assert not page.evaluate("window.hit || false"), name
    page.locator("#runs-list [data-name]").first.click()
    page.get_by_role("tab", name="4 Results").click()
    page.get_by_role("tabpanel").get_by_text("onerror").first.wait_for()
    assert page.locator("[onerror], img[src=x]").count() == 0
