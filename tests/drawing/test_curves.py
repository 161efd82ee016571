"""The curves of a run, from histories that a run directory gives: short, broken, resumed and long ones."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from tests.ui.conftest import HOSTILE, drawing, epoch, read, words
from transfer.drawing import curves
from transfer.runs.run import Run


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    gc.collect()  # what earlier tests left open warns when it goes, and that is not of these
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # see the test of it
        yield


def test_nothing_before_the_first_round(new_run: Callable[..., Run]) -> None:
    assert curves.curves(new_run().history()) == ""
    assert curves.compare({"a": new_run().history()}) == ""


def test_both_charts_with_a_legend_and_their_words(new_run: Callable[..., Run]) -> None:
    run = new_run()
    for step in (1, 2, 3):
        epoch(run, step, best=step < 3)
    page = read(curves.curves(run.history(), planned=20))
    assert page.text.count("round (epoch)") == 2
    assert "best round, the one that is kept" in page.text
    accuracy, loss = page.having("aria-label")
    assert accuracy.startswith("Right answers (accuracy) over 3 rounds. Now 83.3% on training photos, 76.7% on valid")
    assert loss.startswith("Error (loss) over 3 rounds. Now 0.333 on training photos, 0.367 on validation photos.")
    assert accuracy.endswith(" Best round: 2.")


def test_one_round(new_run: Callable[..., Run]) -> None:
    run = new_run()
    epoch(run, 1)
    for measure in curves.MEASURES:
        said = words(drawing(curves.chart(run.history(), measure)))
        assert not any("fine-tuning" in word for word in said)
    assert "50%" in words(drawing(curves.chart(run.history(), "accuracy")))


def test_where_fine_tuning_begins_is_marked(new_run: Callable[..., Run]) -> None:
    run = new_run()
    for step in (1, 2, 3):
        epoch(run, step, "head" if step < 3 else "fine_tune")
    history = run.history()
    assert curves.fine_tuning_begins(history) == 3
    for measure in curves.MEASURES:
        tree = drawing(curves.chart(history, measure, planned=12))
        assert "fine-tuning" in words(tree)
        assert "Fine-tuning begins with round 3." in str(tree.get("aria-label"))
    # Without the new layers' own rounds there is nothing to tell apart.
    assert curves.fine_tuning_begins(history[history["phase"] == "fine_tune"]) is None
    assert curves.fine_tuning_begins(history[history["phase"] == "head"]) is None


def test_changes_are_marked_where_they_came_into_force(new_run: Callable[..., Run]) -> None:
    run = new_run()
    for step in (1, 2, 3):
        epoch(run, step)
    marks = [(2, "rate 0.01 → 0.001"), (2, "rounds 10 → 20"), (9, "patience 3 → 5")]
    tree = drawing(curves.chart(run.history(), "loss", 20, marks))
    heights = {text.text: text.get("y") for text in tree.findall(".//{*}text") if text.text and "→" in text.text}
    assert list(heights) == ["rate 0.01 → 0.001", "rounds 10 → 20"], "what is not reached yet is not drawn"
    assert len(set(heights.values())) == 2, "each in a row of its own"
    assert "From round 2 on: rounds 10 → 20." in str(tree.get("aria-label"))


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_rounds_without_numbers(new_run: Callable[..., Run], missing: float | None) -> None:
    run = new_run()
    epoch(run, 1)
    epoch(run, 2, val_loss=None, val_accuracy=None, best=False)
    history = run.history().astype(object)
    history.loc[1, ["loss", "accuracy", "val_loss", "val_accuracy"]] = missing
    read(curves.curves(history))
    assert "Now – on training photos, – on validation photos." in curves.description(history, "loss")
    assert curves.best_step(history) == 1


def test_a_run_without_validation_photos(new_run: Callable[..., Run]) -> None:
    run = new_run()
    for step in (1, 2):
        epoch(run, step, val_loss=None, val_accuracy=None, best=step == 2)
    history = run.history()
    for measure in curves.MEASURES:
        drawing(curves.chart(history, measure))
    read(curves.compare({"blind": history, "too": history}))


def test_numbers_that_explode_leave_the_others_to_be_seen(new_run: Callable[..., Run]) -> None:
    run = new_run()
    for step, loss in enumerate((1.0, 0.9, 0.8, 0.7, 0.6, 1e30), 1):
        epoch(run, step, loss=loss, val_loss=loss, best=step == 5)
    tree = drawing(curves.chart(run.history(), "loss"))
    assert not any("e+" in word for word in words(tree)[:-2]), "the axis must fit the usual rounds"
    assert "1e+30" in words(tree), "the last value is said nevertheless"


@pytest.mark.parametrize(("accuracy", "loss"), [(0.0, 0.0), (1.0, 0.0), (1.0, 1e-12)])
def test_values_that_never_change(new_run: Callable[..., Run], accuracy: float, loss: float) -> None:
    run = new_run()
    for step in (1, 2):
        epoch(run, step, accuracy=accuracy, val_accuracy=accuracy, loss=loss, val_loss=loss, best=step == 1)
    read(curves.curves(run.history()))


@pytest.mark.parametrize(("loss", "said"), [(2.3456, "2.35"), (0.126, "0.126"), (0.0061, "0.006"), (4e-5, "< 0.001")])
def test_the_last_loss_is_said_briefly(new_run: Callable[..., Run], loss: float, said: str) -> None:
    run = new_run()
    epoch(run, 1, loss=loss, val_loss=9.0, best=True)
    assert said in words(drawing(curves.chart(run.history(), "loss")))


def test_each_round_says_its_numbers_where_it_is_drawn(new_run: Callable[..., Run]) -> None:
    run = new_run()
    for step in (1, 2, 3):
        epoch(run, step, "head" if step < 3 else "fine_tune")
    tree = drawing(curves.chart(run.history(), "accuracy", planned=12))
    strips = [strip for strip in tree.findall(".//{*}rect") if strip.get("pointer-events") == "all"]
    assert [strip.findtext("{*}title") for strip in strips] == [
        "Round 1: 50% on training photos, 50% on validation photos",
        "Round 2: 75% on training photos, 70% on validation photos",
        "Round 3, fine-tuning: 83.3% on training photos, 76.7% on validation photos",
    ]
    dots = [(float(use.get("x", 0)), float(use.get("y", 0))) for use in tree.findall(".//{*}use")]
    for strip in strips:
        left, top, width, height = (float(strip.get(name, 0)) for name in ("x", "y", "width", "height"))
        inside = [y for x, y in dots if left < x < left + width and top <= y <= top + height]
        assert len(inside) >= 2, "a strip stands over the dots of its round"


def test_a_thousand_rounds_weigh_little(new_run: Callable[..., Run]) -> None:
    run = new_run()
    epoch(run, 1)
    one = run.history()
    history = pd.concat([one.assign(step=step, best=step == 400) for step in range(1, 1001)], ignore_index=True)
    html = curves.curves(history)
    assert len(html) < 200_000
    assert "Best round: 400." in read(html).having("aria-label")[0]


def test_runs_are_compared_by_name(new_run: Callable[..., Run]) -> None:
    histories = {}
    for number in range(8):
        run = new_run()
        for step in (1, 2):
            epoch(run, step, val_accuracy=number / 10 if step == 1 else 0.0)
        histories[f"run {number} {HOSTILE}"] = run.history()
    histories = {"without a round": new_run().history(), **histories}
    html = curves.compare(histories)
    page = read(html)
    assert "without a round" not in page.text
    for number in range(8):
        assert (f"run {number} " in page.text) == (number < curves.MOST_COMPARED)
    assert page.text.count(" ".join(HOSTILE.split())) == 3 * curves.MOST_COMPARED, "in the legend and in the titles"
    label = str(drawing(html[: html.index("</figure>")]).get("aria-label"))
    assert HOSTILE in label
    for colour, _ in curves.COMPARED:
        assert html.count(colour) >= 2, "a line and its key"
