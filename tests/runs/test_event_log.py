"""The event log survives torn writes and costs readers only what was added."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from transfer.messages.endings import Finished
from transfer.messages.events import EpochEnded, Launched, Progressed, Started
from transfer.runs.event_log import EventLog
from transfer.runs.json_lines import JsonLines

from .conftest import epoch


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events.jsonl")


def kinds(log: EventLog) -> list[str]:
    return [event.kind for event in log.read()]


def progressed(done: int) -> Progressed:
    return Progressed(stage="train", message="Learning.", done=done, total=10)


def test_append_and_read(log: EventLog) -> None:
    assert log.read() == [] and log.last() is None and log.size() == 0
    log.append(Started(device="CPU"))
    log.append(epoch(1))
    first, second = log.read()
    assert (first.kind, second.kind) == ("started", "epoch")
    assert log.newest(Started) == first and log.last() == second and log.newest(Finished) is None
    assert 0 < first.time <= second.time


def test_a_torn_last_line_is_ignored_and_then_cut_off(log: EventLog) -> None:
    log.append(Launched())
    with log.path.open("ab") as file:
        file.write(b'{"time": 1, "event": "epo')
    assert kinds(log) == ["launched"]
    log.append(epoch(1))
    assert kinds(log) == ["launched", "epoch"]
    assert all(json.loads(line) for line in log.path.read_text().splitlines())


def test_ctrl_c_in_the_middle_of_a_look_loses_nothing(tmp_path: Path) -> None:
    """A command that was asked to stop just as its study ended took it for dead, and said so in its log."""
    file, asked = tmp_path / "numbers.jsonl", [True]

    def parse(number: int) -> int:
        if number == 2 and asked:
            asked.clear()
            raise KeyboardInterrupt
        return number

    lines = JsonLines(file, parse)
    file.write_text("0\n")
    assert lines.read() == [0]
    file.write_text("0\n1\n2\n3\n")
    with pytest.raises(KeyboardInterrupt):
        lines.read()
    assert lines.read() == [0, 1, 2, 3] and lines.last() == 3


def test_a_torn_first_line_longer_than_a_block_is_cut_off(log: EventLog) -> None:
    log.path.write_bytes(b"x" * 10_000)
    log.append(Launched())
    assert kinds(log) == ["launched"]


def test_a_full_disk_leaves_no_half_event(log: EventLog) -> None:
    log.append(Launched())
    before = log.path.read_bytes()
    program = [sys.executable, "-m", "tests.runs.cramped", str(log.path), str(len(before) + 20)]
    said = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert said == "OSError(27, 'File too large')\n"
    assert log.path.read_bytes() == before


def test_damage_in_the_middle_hides_nothing_else(log: EventLog) -> None:
    log.append(Launched())
    with log.path.open("ab") as file:
        file.write(b"\x00\xff garbage\n[1, 2]\n")
    log.append(Finished())
    assert kinds(log) == ["launched", "finished"]


def test_what_a_newer_version_tells_is_passed_over(log: EventLog) -> None:
    log.append(Launched())
    with log.path.open("ab") as file:
        file.write(b'{"time": 1, "event": "paused"}\n{"time": 2, "event": "started", "device": "TPU", "rack": 7}\n')
    assert kinds(log) == ["launched", "started"]
    assert log.last() == Started(time=2, device="TPU")


def test_only_the_newest_of_a_row_of_progress_events_is_kept(log: EventLog) -> None:
    for done in range(5):
        log.append(progressed(done))
    log.append(epoch(1))
    log.append(progressed(9))
    assert [getattr(event, "done", None) for event in log.read()] == [4, None, 9]


def test_a_reader_in_the_middle_sees_each_event_once(log: EventLog) -> None:
    reader = EventLog(log.path)
    for step in range(20):
        log.append(epoch(step))
        assert [event.step for event in reader.all(EpochEnded)] == list(range(step + 1))


def test_a_file_that_was_replaced_is_read_anew(log: EventLog) -> None:
    log.append(Started(device="a long line, so that the next file is shorter"))
    log.read()
    log.path.unlink()
    log.append(Launched())
    assert kinds(log) == ["launched"]
