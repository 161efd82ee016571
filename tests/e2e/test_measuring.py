"""How deep and how fast, measured by two clicks in a real browser and taken over into the form by two more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.long_form import long_form
from transfer.commands.findings import SettingFindings
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured
from transfer.samples import draw

from .conftest import App

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS = 1000.0


@long_form
def test_depth_and_rates_are_measured_and_taken_over(page: Page, app: App) -> None:
    page.set_default_timeout(60 * SECONDS)
    photos = draw.draw(app.folder / "drawn", per_class=16)
    page.locator("#photos-path textarea, #photos-path input").first.fill(str(photos))
    page.locator("#check-photos").click()
    page.locator("#next-network").click(timeout=60 * SECONDS)
    page.locator("#more-options").get_by_text("More options").click()
    size = page.locator("#setting-image_size input")
    size.fill("64")
    size.press("Tab")

    page.locator("#find-depth").click()
    use = page.locator("#use-depth")
    rows = page.locator("#measured-depth tbody tr")
    rows.nth(2).wait_for(timeout=500 * SECONDS)
    page.locator("#measured-depth .t-now").wait_for(state="detached", timeout=120 * SECONDS)
    study = app.workspace.studies()[0]
    steps = study.log.all(DepthMeasured)
    assert [step.blocks for step in steps] == [0, 1, 2] and study.config.run.image_size == 64
    assert "recommended" in rows.all_inner_texts()[0] + rows.all_inner_texts()[1] + rows.all_inner_texts()[2]

    page.get_by_label("All of it", exact=True).click()
    page.locator("#network-drawing").get_by_text("are adjusted").wait_for()
    use.click()
    frozen = SettingFindings.of(study).settings()["frozen_layers"]
    said = "keep what they know. Only" if frozen is None else f"first {frozen} of"
    page.locator("#network-drawing").get_by_text(said).wait_for()

    page.get_by_label("The last block", exact=True).click()
    page.locator("#network-drawing").get_by_text("the network is adjusted").wait_for()
    page.locator("#find-learning_rate").click()
    page.locator("#measured-learning_rate svg").nth(1).wait_for(timeout=300 * SECONDS)
    page.locator("#measured-learning_rate .t-now").wait_for(state="detached", timeout=120 * SECONDS)
    found = {step.phase: step.suggestion for step in app.workspace.studies()[0].log.all(LearningRateMeasured)}
    page.locator("#use-learning_rate").click()
    for phase, suggestion in found.items():
        assert suggestion is not None
        shown = page.locator(f"#setting-{phase}_learning_rate input")
        shown.evaluate("(field, value) => new Promise(done => { const look = () => Number(field.value) === value ? "
                       "done() : setTimeout(look, 50); look(); })", suggestion)  # fmt: skip

    # What was measured speaks up when something else is chosen.
    shown = page.locator("#setting-head_learning_rate input")
    shown.fill("0.9")
    shown.press("Enter")
    page.locator("#network-notes").get_by_text("times too high").wait_for()
