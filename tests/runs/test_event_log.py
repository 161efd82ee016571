"""The event log survives torn writes and costs readers only what was added."""

import json
from pathlib import Path

from transfer.runs.events import EventLog

from transfer.messages.events import EpochEnded, Finished, Progressed, Started


def test_append_and_read(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    assert log.read() == [] and log.last() is None and log.size() == 0
    log.append(Started(device="CPU"))
    log.append(EpochEnded(step=1))
    assert [event["event"] for event in log.read()] == ["started", "epoch"]
    assert log.last("started") == log.read()[0]
    assert log.read()[0]["time"] <= log.read()[1]["time"]


def test_a_torn_last_line_is_ignored_and_then_cut_off(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(Started())
    with log.path.open("ab") as file:
        file.write(b'{"time": 1, "event": "epo')
    assert [event["event"] for event in log.read()] == ["started"]
    log.append(EpochEnded(step=1))
    assert [event["event"] for event in log.read()] == ["started", "epoch"]
    assert all(json.loads(line) for line in log.path.read_text().splitlines())


def test_a_torn_first_line_longer_than_a_block_is_cut_off(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.path.write_bytes(b"x" * 10_000)
    log.append(Started())
    assert [event["event"] for event in log.read()] == ["started"]


def test_damage_in_the_middle_hides_nothing_else(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(Started())
    with log.path.open("ab") as file:
        file.write(b"\x00\xff garbage\n[1, 2]\n")
    log.append(Finished())
    assert [event["event"] for event in log.read()] == ["started", "finished"]


def test_only_the_newest_of_a_row_of_progress_events_is_kept(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for done in range(5):
        log.append(Progressed(done=done))
    log.append(EpochEnded(step=1))
    log.append(Progressed(done=9))
    assert [(e["event"], e.get("done")) for e in log.read()] == [("progress", 4), ("epoch", None), ("progress", 9)]


def test_a_reader_in_the_middle_sees_each_event_once(tmp_path: Path) -> None:
    writer, reader = EventLog(tmp_path / "events.jsonl"), EventLog(tmp_path / "events.jsonl")
    for step in range(20):
        writer.append("epoch", step=step)
        assert [event["step"] for event in reader.read()] == list(range(step + 1))


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(EpochEnded(step=1, note="a long line, so that the next file is shorter"))
    log.read()
    log.path.unlink()
    log.append(Started())
    assert [event["event"] for event in log.read()] == ["started"]
