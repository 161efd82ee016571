"""Names of folders, classes, files and runs that are HTML: shown as text in every tab of a real browser."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

from tests.ui.conftest import HOSTILE, epoch, measured
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.messages.endings import Died, Finished
from transfer.messages.events import Skipped
from transfer.runs.notes import Notes

from .conftest import App
from .photos import draw

if TYPE_CHECKING:
    from playwright.sync_api import Page

STEPS = ("1 Photos", "2 Network", "3 Train", "4 Results", "5 Try it", "6 Take away", "Past runs")


def harmless(page: Page, where: str) -> None:
    page.wait_for_timeout(400)  # nothing may happen: there is nothing to wait for
    assert page.locator("[onerror], img[src=x]").count() == 0, where
    assert not page.evaluate("window.hit || false"), where


def test_no_name_becomes_a_part_of_the_page(app: App, page: Page) -> None:
    folder = app.folder / f"{HOSTILE} pets"
    for number, drawn in enumerate(sorted(draw(folder / "drawn").iterdir())):
        shutil.move(drawn, folder / f"{number} {HOSTILE}")
        for photo in [*(folder / f"{number} {HOSTILE}").iterdir()][:3]:
            photo.rename(photo.with_name(f"onerror {photo.stem} {HOSTILE}.jpg"))  # seen where names are cut, too
    (folder / "drawn").rmdir()
    (folder / f"0 {HOSTILE}" / f"torn {HOSTILE}.jpg").write_bytes(b"no photo")
    settings = {"photos": str(folder), "backbone": "MobileNetV2", "name": HOSTILE}
    dataset = scan(folder)
    odd = next(photo for photo in dataset.photos if photo.path.count("onerror") == 3)
    mistake = {"path": odd.path, "label": HOSTILE, "predicted": HOSTILE, "confidence": 0.9}
    named = [odd.path, dataset.classes[odd.label], dataset.classes[odd.label - 1], 0.9]
    for end in (Died(message=HOSTILE, log_tail=HOSTILE), Finished()):
        run = app.workspace.create(RunConfig.from_dict(settings), dataset)
        for step in (1, 2, 3):
            epoch(run, step)
        measured(run, mistakes=[mistake])
        with (run.evaluation_dir / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["path", "label", "predicted", "confidence"], named])
        run.log.append(Skipped(path=odd.path, reason=HOSTILE))
        run.log.append(end)
        Notes(name=HOSTILE, note=HOSTILE, starred=True).write(run.path)

    page.add_init_script("window.alert = () => { window.hit = true; }")
    page.on("dialog", lambda dialog: (_ for _ in ()).throw(AssertionError(dialog.message)))
    page.reload()
    page.locator("#photos-state .t-empty").wait_for(timeout=90_000)
    page.locator("#photos-path textarea, #photos-path input").fill(str(folder))
    page.locator("#check-photos").click()
    page.locator("#photos-found").get_by_text("onerror").first.wait_for(timeout=60_000)

    from playwright.sync_api import expect

    page.get_by_role("tab", name="Past runs").click()
    rows, search = page.locator("#runs-list [data-name]"), page.locator("#runs-search input")
    rows.nth(1).wait_for()
    search.fill(f"{HOSTILE} none")
    page.get_by_text("No run is like that").wait_for()
    search.fill(HOSTILE)
    rows.nth(1).wait_for()
    harmless(page, "search")
    rows.first.click()
    name, note = (page.locator(place).locator("input, textarea") for place in ("#run-name", "#run-note"))
    expect(note).to_have_value(HOSTILE, timeout=60_000)
    note.fill(f"{HOSTILE} too")
    page.locator("#save-notes").click()
    page.locator("#runs-told").get_by_text("onerror").wait_for()
    harmless(page, "note")
    page.locator("#delete-run").click()
    page.locator("#runs-told").get_by_text("is in the bin").wait_for()
    page.locator("#bin button").first.click()
    page.locator("#bin-list").get_by_text("onerror").first.wait_for()
    harmless(page, "bin")
    page.locator("#bin-list").get_by_text("Put back").click()
    page.locator("#runs-told").get_by_text("is back").wait_for()
    expect(name).to_have_value(" ".join(HOSTILE.split()), timeout=60_000)
    for step in STEPS:
        page.get_by_role("tab", name=step).click()
        if step == "3 Train":
            page.locator("#run-state").get_by_text("onerror").first.wait_for()
        if step == "4 Results":
            page.locator("#results-mistakes img").wait_for()
            page.locator("#results-mistakes").get_by_text("onerror").nth(2).wait_for()
        harmless(page, step)
