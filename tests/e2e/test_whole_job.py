"""The whole job in a real browser: from photos to a downloaded model that runs without Transfer."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.dataset.hostile import hostile
from transfer.messages.events import Started
from transfer.runs.run import Run
from transfer.samples import draw as samples

from .conftest import App, until
from .odd_photos import draw_odd
from .photos import draw

if TYPE_CHECKING:
    from playwright.sync_api import Page


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def check_folder(page: Page, folder: Path) -> None:
    tab(page, "1 Photos")
    page.locator("#photos-path textarea, #photos-path input").fill(str(folder))
    page.locator("#check-photos").click()


def set_number(page: Page, setting: str, value: object) -> None:
    field = page.locator(f"#setting-{setting} input").first
    field.fill(str(value))
    field.press("Tab")


def choose_lite(page: Page, **numbers: object) -> None:
    """The network that needs no download, whatever this machine has."""
    tab(page, "2 Network")
    page.locator("#compare").get_by_text("Compare all networks").click()
    page.locator("#compare [data-name=EfficientNetLite0]").click()
    page.locator("#network-card").get_by_text("ready", exact=True).wait_for()
    page.locator("#more-options").get_by_text("More options").click()
    for setting, value in numbers.items():
        set_number(page, setting, value)


def test_from_sample_photos_to_a_downloaded_model(page: Page, app: App, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    samples.draw(app.workspace.photos_dir, per_class=20)  # the app takes what is there; the first run draws all
    page.locator("#use-samples").click()
    page.locator("#photos-found").get_by_text("to learn from").first.wait_for(timeout=120_000)
    page.locator("#photos-sheets img").first.wait_for(timeout=30_000)
    page.locator("#next-network").click()
    choose_lite(page, head_epochs=3)
    for chosen, tuned in (("The last block", True), ("Nothing: keep all of it frozen", False)):
        page.get_by_label(chosen, exact=True).click()
        for rounds_and_rate in ("epochs", "learning_rate"):
            field = page.locator(f"#setting-fine_tune_{rounds_and_rate} input")
            expect(field).to_be_enabled() if tuned else expect(field).to_be_disabled()
    page.locator("#next-train").click()

    page.locator("#train-plan").get_by_text("3 rounds").wait_for()
    page.locator("#train-outlook").get_by_text("a rough guess").wait_for()
    page.locator("button#train").click()
    page.locator("#run-curves svg").first.wait_for(timeout=180_000)
    page.locator("#run-state").get_by_text("Finished.").wait_for(timeout=180_000)
    page.locator("#train-outlook").get_by_text("measured on this machine").wait_for()

    page.locator("#see-results").click()
    page.locator("#results-score").get_by_text("95 % interval").wait_for()
    page.locator("#results-confusion svg").wait_for()
    assert page.locator("#results-confusion svg").bounding_box()["width"] > 100
    page.locator("#results-classes").get_by_text("recall").wait_for()
    the_photos_of_a_cell_a_sorted_table_and_a_report(page, tmp_path)

    page.locator("#next-try").click()
    run = app.workspace.runs()[0]
    photo = run.dataset.path(run.dataset.of("test")[0])
    page.locator("#try-photo input[type=file]").set_input_files(photo)
    answer = page.locator("#answers .t-answer").first
    answer.wait_for(timeout=120_000)
    said = answer.locator("li span").first.inner_text()  # also where it says that it may be none of these
    assert said in run.dataset.classes
    what_it_looked_at_is_shown(page)
    odd_photos_are_seen_as_training_sees_them(page, draw_odd(tmp_path / "odd", run.config.image_size or 224))
    hostile_photos_are_answered_in_words(page, hostile(tmp_path / "hostile", 40))
    assert "Traceback" not in (app.folder / "app.log").read_text()

    page.locator("#next-take").click()
    with page.expect_download() as download:
        page.locator("#download-keras").click()
    archive = tmp_path / "model.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tmp_path)
    script = next(tmp_path.rglob("predict.py"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, str(script), "--json", str(photo)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    shares = json.loads(result.stdout)["classes"]
    assert max(shares, key=lambda label: shares[label]) == said

    page.locator("#make-onnx").click()
    page.locator("#made-onnx .t-now").wait_for()
    page.locator("#made-onnx").get_by_text("the same answers as the app").wait_for(timeout=180_000)
    page.locator("#take-compared").get_by_text("as the app").first.wait_for()

    tab(page, "Past runs")
    page.locator("#runs-list").get_by_text("finished").first.wait_for()
    page.locator("#use-settings").click()
    page.locator("#runs-told").get_by_text("are in the form").wait_for()
    a_run_is_found_again_and_thrown_away(page, app)
    photos_are_corrected_and_it_trains_again(page, app)


def photos_are_corrected_and_it_trains_again(page: Page, app: App) -> None:
    """One left out, one moved, that undone; the next run knows of the first, and of no other."""
    (run,) = app.workspace.runs()
    tab(page, "4 Results")
    page.locator("#review-look").click()
    lists, cards = page.locator("#results-review .t-tabs button"), page.locator("#results-review figure")
    lists.first.wait_for(timeout=60_000)
    for button in lists.all():
        button.click()
        page.locator("#results-review [aria-pressed=true]").get_by_text(button.inner_text(), exact=True).wait_for()
        if cards.count() > 1:
            break
    decided = page.locator("#results-review .t-decided")
    cards.nth(0).locator("[data-act='leave out']").click()
    decided.get_by_text("left out").wait_for()
    cards.nth(1).locator("[data-act=move]").click()
    decided.get_by_text("moved to").wait_for()
    page.locator("#results-review").get_by_text("1 moved, 1 left out").wait_for()
    cards.nth(1).locator("[data-act=undo]").click()
    page.locator("#results-review").get_by_text("1 photo decided: 1 left out").wait_for()
    page.locator("#review-train").click()
    until(lambda: len(app.workspace.runs()) == 2, 60)
    again = app.workspace.runs()[0]
    assert len(again.dataset.photos) == len(run.dataset.photos) - 1
    assert again.config.backbone == run.config.backbone and again.config.head_epochs == run.config.head_epochs
    page.locator("#run-curves svg").first.wait_for(timeout=120_000)


def a_run_is_found_again_and_thrown_away(page: Page, app: App) -> None:
    """Star, name, note, search; delete, undo; delete, put back from the bin."""
    from playwright.sync_api import expect

    rows, search = page.locator("#runs-list [data-name]"), page.locator("#runs-search input")
    page.locator("#runs-list [data-star]").click()
    page.locator("#runs-list").get_by_text("★").wait_for()
    page.locator("#run-name input").fill("the <b>best</b>")
    page.locator("#run-note").locator("input, textarea").fill("drawn shapes")
    page.locator("#save-notes").click()
    rows.get_by_text("the <b>best</b>").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})  # nothing of a run lies out of sight on a phone
    state = page.locator("#runs-list .t-state").bounding_box()
    assert state is not None and state["x"] + state["width"] < 390
    page.set_viewport_size({"width": 1280, "height": 900})
    search.fill("photos of cats")
    page.locator("#runs-list").get_by_text("No run is like that").wait_for()
    search.fill("DRAWN best")
    rows.first.wait_for()
    for way in ("#undo-delete", "#bin-list button"):
        page.locator("#delete-run").click()
        page.locator("#runs-told").get_by_text("is in the bin").wait_for()
        until(lambda: not app.workspace.runs())
        if way != "#undo-delete":
            page.locator("#bin").get_by_text("Bin", exact=True).click()
        page.locator(way).click()
        page.locator("#runs-told").get_by_text("is back").wait_for()
        rows.get_by_text("the <b>best</b>").wait_for()
        expect(page.locator("#run-note").locator("input, textarea")).to_have_value("drawn shapes")
    assert app.workspace.runs()[0].notes.starred


def what_it_looked_at_is_shown(page: Page) -> None:
    """The map of the answer; another class by a click, and fewer colours; of several photos by the button of one."""
    layers = page.locator("#why .t-heat")
    layers.first.wait_for(timeout=120_000)  # the first time something is made ready
    opacity = "element => Number(getComputedStyle(element).opacity)"
    assert [layer.evaluate(opacity) for layer in layers.all()] == [1, 0, 0]
    page.locator("#why .t-why-classes label").nth(2).click()
    page.locator("#why input[type=range]").fill("50")
    assert [layer.evaluate(opacity) for layer in layers.all()] == [0, 0, 0.5]


def odd_photos_are_seen_as_training_sees_them(page: Page, twins: dict[Path, Path]) -> None:
    """Each is answered like a photo of just those pixels that training would see in it, dropped in either place."""
    shares = page.locator("#answers .t-answer ul")
    answers = {}
    page.locator("#try-photos input[type=file]").set_input_files([file for pair in twins.items() for file in pair])
    shares.nth(2 * len(twins) - 1).wait_for()
    page.locator("#why .t-why").wait_for(state="detached")
    page.locator("#answers [data-why='1']").click()
    page.locator(f"#why img[alt='{next(iter(twins.values())).name}']").wait_for()
    for (file, _), odd, plain in zip(twins.items(), shares.all()[::2], shares.all()[1::2], strict=True):
        answers[file] = odd.inner_text()
        assert odd.inner_html() == plain.inner_html(), file
    assert len(set(answers.values())) > 2, "it tells them apart"
    for file, answer in answers.items():
        page.locator("#try-photo button[aria-label*=lear], #try-photo button[aria-label*=emove]").first.click()
        page.locator("#try-photo input[type=file]").set_input_files(file)
        until(lambda answer=answer: shares.all_inner_texts() == [answer])


def hostile_photos_are_answered_in_words(page: Page, files: list[Path]) -> None:
    page.locator("#try-photos button[aria-label*=lear], #try-photos button[aria-label*=emove]").first.click()
    page.locator("#try-photos input[type=file]").set_input_files(files)
    cards = page.locator("#answers .t-answer")
    cards.nth(len(files) - 1).wait_for()
    unread = [card for card in cards.all_inner_texts() if "cannot be read" in card]
    assert len(files) / 3 < len(unread) < len(files) and all("Open it in an image program" in card for card in unread)
    assert page.locator(".toast-body").count() == 0


def the_photos_of_a_cell_a_sorted_table_and_a_report(page: Page, folder: Path) -> None:
    from playwright.sync_api import expect

    page.locator("#results-confusion svg [role=button]").first.focus()
    page.keyboard.press("Enter")
    page.locator("#results-cell figure img").first.wait_for(timeout=30_000)
    found = page.locator("#results-classes thead th").filter(has_text="Found")
    shares = page.locator("#results-classes tbody td:nth-child(3)")
    for direction in ("descending", "ascending"):
        found.get_by_role("button").click()
        expect(found).to_have_attribute("aria-sort", direction)
        numbers = [float(text.rstrip("%")) for text in shares.all_inner_texts()]
        assert numbers == sorted(numbers, reverse=direction == "descending")
    page.locator("#make-report").click()
    page.locator("#download-report").wait_for(timeout=60_000)
    with page.expect_download() as download:
        page.locator("#download-report").click()
    download.value.save_as(folder / "report.html")
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def start_long_run(page: Page, app: App) -> str:
    """Train for so long that it only ends when told to; returns the run's id."""
    check_folder(page, draw(app.folder / "shapes"))
    page.locator("#photos-found").get_by_text("to learn from").first.wait_for(timeout=120_000)
    # Photos varied anew in every round: nothing can be kept from round to round, so a round takes its time.
    choose_lite(page, head_epochs=1000, early_stopping_patience=0, augmentation_views=0, image_size=96)
    page.locator("#setting-augmentation").get_by_text("light").click()
    before = len(app.workspace.runs())
    tab(page, "3 Train")
    page.locator("button#train").click()
    until(lambda: len(app.workspace.runs()) > before)
    page.locator("#run-curves svg").first.wait_for(timeout=180_000)
    return app.workspace.runs()[0].id


def rounds(page: Page) -> int:
    words = page.locator("#run-state").get_by_text(re.compile(r"\d+ of 1000 rounds")).inner_text()
    return int(words.split()[0])


def test_a_reload_a_second_browser_a_restart_and_a_stop(page: Page, app: App) -> None:
    run = app.workspace.run(start_long_run(page, app))
    another_run_waits_and_this_one_stays_on_the_screen(page)

    page.reload()  # opens the tab of what trains
    page.locator("#run-curves svg").first.wait_for(timeout=120_000)
    assert run.status().state == "running"

    other = page.context.browser.new_page()  # another profile: nothing is remembered there
    other.goto(app.url)
    other.locator("#run-state").get_by_text("of 1000 rounds").wait_for(timeout=120_000)
    seen = rounds(other)
    until(lambda: rounds(other) > seen)
    other.close()

    runs_that_wait_are_put_in_order(page, app, run)
    app.kill()
    done = len(run.history())
    until(lambda: len(run.history()) > done)  # the worker does not need the app
    app.start()
    page.reload()
    tab(page, "3 Train")
    page.locator("#run-state").get_by_text("of 1000 rounds").wait_for(timeout=120_000)
    seen = rounds(page)
    until(lambda: rounds(page) > seen)
    for left in (["three"], []):  # as it was before the restart
        page.locator("#queue-list [data-act=remove]").first.click()
        until(lambda left=left: waiting(page) == left)

    page.locator("#stop").click()
    page.locator("#run-state").get_by_text("Stopped.").wait_for(timeout=120_000)
    assert run.status().state == "stopped" and run.metrics() and run.model_file.is_file()
    assert len(app.workspace.runs()) == len({each.id for each in app.workspace.runs()})


def another_run_waits_and_this_one_stays_on_the_screen(page: Page) -> None:
    page.locator("button#train").click()
    until(lambda: len(waiting(page)) == 1)
    seen = rounds(page)
    until(lambda: rounds(page) > seen)
    page.locator("#queue-list [data-act=remove]").click()
    until(lambda: not waiting(page))


def waiting(page: Page) -> list[str]:
    return [text.splitlines()[0] for text in page.locator("#queue-list th:visible").all_inner_texts()]


def drag(page: Page, name: str, onto: str, low: bool) -> None:
    """Drag the row of a waiting run onto the upper or lower half of another."""
    row, other = (page.locator("#queue-list tr", has=page.locator("th", has_text=text)) for text in (name, onto))
    height = other.bounding_box()["height"]
    row.drag_to(other, target_position={"x": 60, "y": height - 6 if low else 6})


def runs_that_wait_are_put_in_order(page: Page, app: App, run: Run) -> None:
    for name in ("one", "two", "three"):
        app.workspace.create(dataclasses.replace(run.config, name=name), run.dataset)
    tab(page, "Past runs")
    tab(page, "3 Train")
    until(lambda: waiting(page) == ["one", "two", "three"])
    for name, act, order in (
        ("three", "next", ["three", "one", "two"]),
        ("three", "down", ["one", "three", "two"]),
        ("two", "up", ["one", "two", "three"]),
        ("two", "remove", ["one", "three"]),
    ):
        page.locator("#queue-list tr").filter(has_text=name).locator(f"[data-act={act}]").click()
        until(lambda order=order: waiting(page) == order)
    drag(page, "three", "one", low=False)
    # The row moves under the hand, before anybody was told where it was let go.
    until(lambda: [app.workspace.run(each).name for each in app.workspace.queue.waiting()] == ["three", "one"])
    assert waiting(page) == ["three", "one"]
    drag(page, "three", "one", low=True)
    until(lambda: waiting(page) == ["one", "three"] and page.locator("#queue-list td").first.inner_text() == "1")
    page.locator("#queue-list [data-act=clone]").first.click()
    page.locator("#queue-told").get_by_text("“one” are in the form").wait_for()


def test_a_killed_worker_offers_resume(page: Page, app: App) -> None:
    import psutil

    run = app.workspace.run(start_long_run(page, app))
    until(lambda: len(run.history()) >= 2)
    lock = str(run.path / "lock")
    worker = next(
        p for p in psutil.process_iter(["open_files"]) if lock in [f.path for f in p.info["open_files"] or []]
    )
    worker.kill()
    page.locator("#run-state").get_by_text("was interrupted").wait_for(timeout=120_000)
    done = len(run.history())
    page.locator("#resume").click()
    until(lambda: len(run.history()) > done, 180)
    started = run.log.newest(Started)
    assert started is not None and started.resumed_from is not None and started.resumed_from >= done
    a_run_is_changed_paused_and_gone_on_with(page, run)
    page.locator("#stop").click()
    page.locator("#run-state").get_by_text("Stopped.").wait_for(timeout=120_000)


def a_run_is_changed_paused_and_gone_on_with(page: Page, run: Run) -> None:
    page.locator("#run-changes").get_by_text("Change while it trains").click()
    rounds = page.locator("#change-head_epochs input")
    for number, answer in ((5000, "out of range"), (900, "Asked for")):
        rounds.fill(str(number))
        rounds.press("Tab")
        page.locator("#apply-changes").click()
        page.locator("#changes-said").get_by_text(answer).wait_for(timeout=30_000)
    page.locator("#run-curves svg").first.get_by_text("rounds 1000 → 900", exact=True).wait_for(timeout=60_000)
    page.locator("#run-state").get_by_text("of 900 rounds").wait_for()
    page.locator("#run-remarks").get_by_text("Changed while it trained.").wait_for()
    page.locator("#pause").click()
    page.locator("#run-state").get_by_text("Paused by you").wait_for(timeout=60_000)
    assert run.status().state == "paused" and not run.lock_is_held()
    done = len(run.history())
    page.locator("#resume").get_by_text("Go on").click()
    until(lambda: len(run.history()) > done, 180)
    started = run.log.newest(Started)
    assert started is not None and started.resumed_from == done


def test_a_folder_that_cannot_be_used_is_said_in_the_page(page: Page, app: App) -> None:
    lonely = app.folder / "lonely" / "cats"
    lonely.mkdir(parents=True, exist_ok=True)
    for folder in (lonely.parent, app.folder / "nowhere", Path("/")):
        check_folder(page, folder)
        panel = page.locator("#photos-state .t-panel.t-stop")
        panel.get_by_text("What to do").wait_for(timeout=30_000)
        assert page.locator("#next-network").is_hidden()
        page.locator("#photos-path textarea, #photos-path input").fill("")


def test_a_bad_photo_is_named_and_left_out(page: Page, app: App) -> None:
    folder = draw(app.folder / "with-bad-ones")
    whole = (folder / "circle" / "circle-00.jpg").read_bytes()
    (folder / "circle" / "cut-short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "cross" / "empty.png").write_bytes(b"")
    check_folder(page, folder)
    page.locator("#photos-found").get_by_text("to learn from").first.wait_for(timeout=120_000)
    for name in ("cut-short.jpg", "empty.png"):
        page.locator("#photos-left-out").get_by_text(name).first.wait_for(timeout=10_000)

    choose_lite(page)
    together = page.locator("#photos-found").get_by_text("photos were found to belong together")
    for chosen, state in (("groups of photos", "attached"), ("single photos", "detached")):
        page.locator("#setting-split_by").get_by_text(chosen, exact=True).click()
        together.wait_for(state=state)  # the photos are shown as they would be split now


def test_the_train_button_stays_where_it_is_while_its_tab_fills(page: Page, app: App) -> None:
    button = page.locator("button#train")
    tab(page, "3 Train")
    at_first = button.bounding_box()
    page.locator("#train-device").get_by_text(re.compile("cores|GPU")).wait_for(timeout=120_000)
    assert button.bounding_box() == at_first


def test_a_press_counts_although_the_page_moves_before_the_release(page: Page, app: App) -> None:
    page.locator("#photos-path textarea, #photos-path input").fill(str(app.folder / "nowhere"))
    pressed = page.locator("#check-photos").bounding_box()
    assert pressed is not None
    place = pressed["x"] + pressed["width"] / 2, pressed["y"] + pressed["height"] / 2
    page.mouse.move(*place)
    page.mouse.down()
    page.evaluate("document.getElementById('photos-path').style.paddingTop = '120px'")
    page.mouse.up()
    page.locator("#photos-state .t-panel.t-stop").wait_for(timeout=30_000)

    # A hand that leaves the button takes the press back, as everywhere.
    page.evaluate("document.getElementById('use-samples').addEventListener('click', () => { window.taken = true; })")
    page.locator("#use-samples").hover()
    page.mouse.down()
    page.mouse.move(*place)
    page.mouse.up()
    assert not page.evaluate("window.taken")
