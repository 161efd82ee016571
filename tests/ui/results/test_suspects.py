"""Photos to look at: what a person reads, and what the buttons will ask for, whatever classes and photos are called."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tests.ui.conftest import HOSTILE, read
from transfer.dataset.corrections import KEEP, LEAVE_OUT, MOVE, Correction
from transfer.dataset.dataset import Corrected
from transfer.runs.review import COPIES, MISLABELLED, ODD, UNCERTAIN, Leak, Pair, Review, Suspect
from transfer.runs.run import Run
from transfer.ui.photos import view as photos_view
from transfer.ui.results import suspects

PIXEL = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="


def suspect(number: int, **about: str) -> Suspect:
    plain = Suspect(f"{HOSTILE}/{number}.jpg", f"{number}", "train", HOSTILE, "cat", 0.81, 0.13)
    return dataclasses.replace(plain, **about)


FOUND = Review(
    photos=400,
    suspected=20,
    mislabelled=tuple(suspect(number, split="test") for number in range(20)),
    uncertain=(suspect(30),),
    copies=(Pair(suspect(40, split="test"), suspect(41, label="cat"), True, 0.99),),
    leak=Leak("test", 60, 31, 31, 20, 0.739, {"copy": 1, "time": 30}),
)


def drawn(
    run: Run, found: Review | None, which: str = MISLABELLED, everything: bool = False, **decided: Correction
) -> str:
    listed = {"list": which, "all": everything}
    return suspects.view(run, found, decided, listed, lambda paths: [PIXEL] * len(paths))


def test_a_list_says_what_is_suspected_and_offers_what_can_be_done(new_run: Callable[..., Run]) -> None:
    run = new_run(classes=("cat", HOSTILE, "owl"))
    page = read(drawn(run, FOUND))
    assert "looks like cat, 81%" in page.text and "Mislabelled? 20" in page.text and "Show all 20" in page.text
    assert page.having("data-act") == [KEEP, LEAVE_OUT, MOVE] * suspects.FIRST
    assert page.having("value")[:2] == ["cat", "owl"], "the suspected class first, and not its own"
    assert "too good to be true" not in page.text, "that stands beside the score"
    warned = read(suspects.warning(FOUND.leak)).text
    assert "31 of the 60 test photos" in warned and "too good to be true" in warned
    assert "on these it is right on 100%, on the other 29 on 69%" in warned.lower()
    assert suspects.FAIR in page.text, "test photos are among them"
    assert read(drawn(run, FOUND, everything=True)).text.count("Keep") == 20


def test_what_was_decided_is_said_and_can_be_undone(new_run: Callable[..., Run]) -> None:
    run = new_run(classes=("cat", HOSTILE))
    made = {
        "0": Correction("a", "0", MOVE, "cat"),
        "1": Correction("b", "1", KEEP),
        "99": Correction("c", "99", LEAVE_OUT),
    }
    page = read(drawn(run, FOUND, **made))
    assert page.having("data-act")[:2] == ["undo", "undo"] and page.having("data-act")[-1] == "undo all"
    assert "moved to “cat”" in page.text and "3 photos decided: 1 moved, 1 left out, 1 kept." in page.text
    assert "Photos to look at" in read(drawn(run, None, **made)).text


def test_the_other_lists(new_run: Callable[..., Run]) -> None:
    run = new_run(classes=("cat", HOSTILE))
    assert "or cat (81%)" in read(drawn(run, FOUND, UNCERTAIN)).text
    page = read(drawn(run, FOUND, COPIES))
    assert len(page.having("src")) == 2 and "mirrored is to learn from, there as “cat”" in page.text
    two = dataclasses.replace(FOUND, copies=(*FOUND.copies, Pair(FOUND.copies[0].first, suspect(42), False, 0.98)))
    page = read(drawn(run, two, COPIES, **{"42": Correction("c", "42", LEAVE_OUT)}))
    assert page.having("data-photo").count("41") == 1 and page.having("data-photo").count("42") == 1
    assert "the other one left out" in page.text and "Leave out the other one" in page.text
    assert suspects.NONE[ODD] in read(drawn(run, FOUND, ODD)).text


def test_a_score_is_doubted_only_where_much_is_shared() -> None:
    assert FOUND.leak is not None
    few, none = dataclasses.replace(FOUND.leak, shared=2), dataclasses.replace(FOUND.leak, shared=0)
    assert "too good" in suspects.warning(FOUND.leak) and not suspects.warning(few) and not suspects.warning(None)
    assert "too good" not in few.title and "No test photo" in none.in_words()
    worse = dataclasses.replace(FOUND.leak, right_shared=20, low=0.53)
    assert not suspects.warning(worse) and worse.title == "Some test photos are not quite new to it."
    every = dataclasses.replace(FOUND.leak, shared=60, right_shared=54)
    assert "90%; there are no others" in every.in_words()


def test_corrections_of_a_folder_are_shown_with_a_way_back(new_run: Callable[..., Run]) -> None:
    dataset = new_run(classes=("cat", HOSTILE)).dataset
    assert not photos_view.corrections(dataset)
    made = (Corrected("a.jpg", "ab", HOSTILE, "cat"), Corrected(f"{HOSTILE}.jpg", "cd", "cat", ""))
    page = read(photos_view.corrections(dataclasses.replace(dataset, corrections=made)))
    assert page.having("data-undo") == ["all", "ab", "cd"]
    assert page.text.startswith("2 corrections: 1 moved, 1 left out. Show, undo")
    assert not photos_view.undo_all("/pets", 0)
    page = read(photos_view.undo_all(f"/pets/{HOSTILE}", 3))
    assert page.having("data-undo") == ["all"] and page.having("data-folder") == [f"/pets/{HOSTILE}"]
