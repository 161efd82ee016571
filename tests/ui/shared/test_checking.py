"""Watching a check: progress is seen, leaving stops the work, and errors arrive where they are shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from transfer.errors import PhotosError
from transfer.ui.shared.checking import CheckProgress, Watched


def test_progress_and_result_arrive() -> None:
    def work(tell: Callable[[int, int], None]) -> str:
        for done in range(5):
            tell(done + 1, 5)
            time.sleep(0.1)
        return "done"

    watched = Watched(work)
    seen = list(watched.watch())
    assert watched.result == "done"
    assert seen[-1].total == 5 and seen[-1].done == 5
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


def test_leaving_stops_the_work() -> None:
    ended = threading.Event()

    def work(tell: Callable[[int, int], None]) -> None:
        try:
            for done in range(1000):
                tell(done, 1000)
                time.sleep(0.02)
        finally:
            ended.set()

    watching = Watched(work).watch()
    next(watching)
    watching.close()
    assert ended.wait(2), "the work went on although nobody was watching"


def test_a_users_mistake_is_raised_where_it_can_be_shown() -> None:
    def work(tell: Callable[[int, int], None]) -> None:
        raise PhotosError("No classes were found.")

    with pytest.raises(PhotosError, match="No classes"):
        list(Watched(work).watch())


def test_the_time_left_is_said_once_it_means_something() -> None:
    assert CheckProgress(1, 100, 0.1).eta_seconds is None
    assert CheckProgress(50, 100, 10.0).eta_seconds == pytest.approx(10.0)
    assert CheckProgress(50, 100, 10.0).message == "50 of 100 photos, about 10 s left"
    assert CheckProgress(10, 1000, 10.0).message == "10 of 1,000 photos, about 16 min left"
    assert CheckProgress(0, 0, 3.0).message == "Looking at the folders …"
