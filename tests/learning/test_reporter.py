"""What a worker says it took is divided among the stages that needed it."""

import itertools
from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from transfer.learning import reporter
from transfer.learning.reporter import Reporter
from transfer.messages.events import Progressed, Spent
from transfer.runs.workspace import Workspace


def test_what_a_stage_took_is_counted_where_it_was_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(step=10)  # each look at it is 10 seconds after the one before
    monkeypatch.setattr(reporter.time, "monotonic", lambda: float(next(clock)))
    run = new_run(Workspace(tmp_path / "workspace"), tmp_path)
    made = Reporter(run)
    spent = made._spent

    def seconds() -> dict[str, float]:
        found = {name: took for name, took in spent.items() if took}
        spent.clear()
        return found

    made.begin("features", "", 9)
    seconds()
    made.looked(9, 900, 4.0)
    made.begin("train", "", 9)
    found = seconds()
    assert found.pop("features") == 4.0 and found == {"loading": pytest.approx(16, abs=10)}, "not looking: storing it"
    made.turn_to("validate", "", 9)
    made.turn_to("train", "", 9)
    assert seconds() == {}, "rounds are one stage"
    made.begin("loading", "", 0)
    assert list(seconds()) == ["train"]
    spent["train"] = 1.0
    made.once(5.0)
    made.begin("export", "", 1)
    found = seconds()
    assert found.pop("train") == 1.0 and list(found) == ["export"], "what is loaded after the rounds is for the file"
    made.tell_spent()
    told = run.log.newest(Spent)
    assert told is not None and (told.looked, told.stored) == (9, 900) and "export" in told.seconds
    assert set(told.memory_mb) == {"loading", "train", "export"} and all(size > 1 for size in told.memory_mb.values())


def test_no_speed_is_reckoned_from_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(reporter.time, "monotonic", lambda: now[0])
    run = new_run(Workspace(tmp_path / "workspace"), tmp_path)
    made = Reporter(run)
    made.begin("train", "", 100, "steps")
    now[0] = 60.0  # most of it the compiler's
    made.warm_up(1, 32)
    told = run.log.newest(Progressed)
    assert told is not None and (told.done, told.eta_seconds, told.photos_per_second) == (1, None, None)
    now[0] = 62.0
    made.advance(5, 4 * 32)
    told = run.log.newest(Progressed)
    assert told is not None and (told.eta_seconds, told.photos_per_second) == (47.5, 64.0)
