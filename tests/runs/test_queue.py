"""The order of the queue: first come first served unless somebody moves a run, whatever happens to the file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from transfer.errors import RunError
from transfer.messages.endings import Died
from transfer.messages.events import Launched
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

from .conftest import epoch, new_run


@pytest.fixture
def three(workspace: Workspace, tmp_path: Path) -> list[Run]:
    return [new_run(workspace, tmp_path) for _ in range(3)]


def test_first_come_first_served(workspace: Workspace, three: list[Run]) -> None:
    assert workspace.waiting() == three
    assert [run.status().place for run in three] == [1, 2, 3]


def test_a_run_that_has_begun_is_passed_over(workspace: Workspace, three: list[Run]) -> None:
    three[0].log.append(Launched())
    assert workspace.waiting() == three[1:]
    assert [run.status().place for run in three[1:]] == [1, 2]


@pytest.mark.parametrize(("place", "order"), [(1, [2, 0, 1]), (2, [0, 2, 1]), (0, [2, 0, 1]), (99, [0, 1, 2])])
def test_a_run_is_moved(workspace: Workspace, three: list[Run], place: int, order: list[int]) -> None:
    workspace.queue.move(three[2].id, place)
    assert workspace.waiting() == [three[i] for i in order]
    assert [three[i].status().place for i in order] == [1, 2, 3]


def test_only_a_run_that_waits_can_be_moved(workspace: Workspace, three: list[Run]) -> None:
    three[0].log.append(Launched())
    for wrong in (three[0].id, "nobody"):
        with pytest.raises(RunError, match="does not wait"):
            workspace.queue.move(wrong, 1)
    assert workspace.waiting() == three[1:]


def test_a_resumed_run_goes_to_the_end(workspace: Workspace, three: list[Run]) -> None:
    three[0].log.append(Died(message="Killed."))
    three[0].request_resume()
    assert workspace.waiting() == [three[1], three[2], three[0]]


def test_runs_without_a_place_come_last_by_time(workspace: Workspace, three: list[Run], tmp_path: Path) -> None:
    """As they do that an earlier version made, or that somebody copied in; when their files were written is nothing."""
    first, second, third = sorted(three, key=lambda run: run.id)
    (workspace.runs_dir / "queue.json").write_text(json.dumps([third.id]))
    for run, time in ((first, 2000), (second, 1000)):
        os.utime(run.config_file, (time, time))
    assert workspace.waiting() == [third, first, second]
    assert [run.status().place for run in (first, second, third)] == [2, 3, 1]
    later = new_run(workspace, tmp_path)
    assert workspace.waiting() == [third, later, first, second]


def test_moving_keeps_the_order_of_runs_without_a_place(workspace: Workspace, three: list[Run]) -> None:
    (workspace.runs_dir / "queue.json").unlink()
    first, second, third = sorted(three, key=lambda run: run.id)
    workspace.queue.move(third.id, 2)
    assert workspace.waiting() == [first, third, second]


def test_a_run_goes_up_and_down_one_place_at_a_time(workspace: Workspace, three: list[Run]) -> None:
    for by, order in ((-1, [0, 2, 1]), (-1, [2, 0, 1]), (-1, [2, 0, 1]), (1, [0, 2, 1]), (5, [0, 1, 2])):
        workspace.queue.move(three[2].id, by=by)
        assert Workspace(workspace.path).waiting() == [three[i] for i in order], "a restart finds the same order"


@pytest.mark.parametrize(
    "damage", ["", "{", "7", '{"a": 1}', "\x00\x00", '[["a"], null, 3]', '["a", "a"]', '["../..", "nobody"]']
)
def test_a_damaged_file_costs_the_order_and_no_run(workspace: Workspace, three: list[Run], damage: str) -> None:
    (workspace.runs_dir / "queue.json").write_text(damage)
    assert set(workspace.waiting()) == set(three)
    new_run(workspace, three[0].path)
    assert len(workspace.waiting()) == 4


def test_the_file_does_not_grow_with_the_runs_that_are_over(workspace: Workspace, tmp_path: Path) -> None:
    for _ in range(5):
        new_run(workspace, tmp_path).log.append(Launched())
    assert len(json.loads((workspace.runs_dir / "queue.json").read_text())) == 1


def test_the_place_of_a_run_costs_no_look_at_those_behind_it(workspace: Workspace, three: list[Run]) -> None:
    (three[2].path / "events.jsonl").mkdir()  # reading it would fail
    assert [run.status().place for run in three[:2]] == [1, 2]


def test_several_programs_add_runs_at_a_time(workspace: Workspace, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.runs.adder", str(workspace.path), str(tmp_path), "8"]
    adders = [subprocess.Popen(program) for _ in range(3)]
    assert [adder.wait(60) for adder in adders] == [0, 0, 0]
    listed = json.loads((workspace.runs_dir / "queue.json").read_text())
    assert sorted(listed) == sorted(run.id for run in workspace.runs()) and len(listed) == 24


def test_a_run_outside_any_workspace_is_next_in_line(three: list[Run], tmp_path: Path) -> None:
    alone = three[1].path.rename(tmp_path / "alone")
    assert Run(alone).status().place == 1
    Run(alone).log.append(epoch(1))
    assert Run(alone).status().state == "interrupted"
