"""A run folder that somebody or something damaged: one row that says so, and everything else as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import epoch, new_run
from tests.ui.conftest import HOSTILE, measured, read
from transfer.cli.main import main
from transfer.commands.desk import Desk
from transfer.config import RunConfig
from transfer.errors import RunError, TransferError
from transfer.messages.endings import Died, Finished
from transfer.messages.events import Launched
from transfer.processes.supervisor import Supervisor
from transfer.runs.run import Run
from transfer.runs.summary import DAMAGED, Summary
from transfer.runs.workspace import Workspace
from transfer.ui.past_runs import table
from transfer.ui.shared.run_summary import charts, headline
from transfer.ui.train import view

LONG = HOSTILE * 30_000  # megabytes


def write(file: str, content: str | bytes) -> Callable[[Run], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda run: (run.path / file).write_bytes(data)


def folder(file: str) -> Callable[[Run], object]:
    def replace(run: Run) -> None:
        (run.path / file).unlink(missing_ok=True)
        (run.path / file).mkdir()

    return replace


def config(**changes: Any) -> Callable[[Run], object]:
    return lambda run: run.config_file.write_text(json.dumps({**RunConfig(photos="/x").to_dict(), **changes}))


BROKEN: dict[str, Callable[[Run], object]] = {
    "an endless name": config(name=LONG),
    "endless photos": config(photos=f"/{LONG}"),
    "an endless network": config(backbone=f"/{LONG}.keras"),
    "config is a list": write("config.json", "[]"),
    "config is no JSON": write("config.json", "{not json"),
    "config is empty": write("config.json", ""),
    "config is binary": write("config.json", bytes(range(256))),
    "config is deep": write("config.json", "[" * 100_000),
    "config is null": write("config.json", "null"),
    "config has a list for a number": config(seed=[1]),
    "config has no end of a number": write("config.json", '{"photos": "x", "seed": 1e999}'),
    "config has a number of 5,000 digits": write("config.json", f'{{"photos": "x", "seed": {"9" * 5000}}}'),
    "config is of another program": write("config.json", '{"lockfileVersion": 3}'),
    "events are a folder": folder("events.jsonl"),
    "metrics are a list": write("evaluation/metrics.json", "[]"),
    "metrics are torn": write("evaluation/metrics.json", '{"split": "test", "photos"'),
    "metrics are deep": write("evaluation/metrics.json", "[" * 100_000),
    "photos are missing": lambda run: (run.path / "dataset.json").unlink(),
}
ODD: dict[str, Callable[[Run], object]] = {
    "an event without time": write("events.jsonl", '{"event": "launched"}\n{"event": "finished"}\n'),
    "a time that is text": write("events.jsonl", '{"event": "finished", "time": "noon"}\n{"event": "finished"}\n'),
    "events of no kind": write("events.jsonl", '[]\nnull\n{"event": 7}\n{"event": ["x"]}\n{}\n{"event": "finished"}\n'),
    "numbers without end": write(
        "events.jsonl",
        '{"event": "progress", "stage": "x", "message": "y", "done": 1, "total": %s}\n' % ("9" * 4000)
        + '{"event": "epoch", "phase": "head", "epoch": 1, "step": 1, "loss": 1e999, "accuracy": NaN}\n'
        + '{"event": "finished"}\n',
    ),
    "a deep event": write("events.jsonl", "[" * 100_000 + '\n{"event": "finished"}\n'),
    "an endless event": write("events.jsonl", json.dumps({"event": "failed", "error": {"what": LONG}}) + "\n"),
    "binary events": write("events.jsonl", bytes(range(256)) * 50 + b'\n{"event": "finished"}\n'),
    "metrics missing": lambda run: run.metrics_file.unlink(),
    "config says nothing": write("config.json", "{}"),
}


@pytest.fixture
def sound(workspace: Workspace, tmp_path: Path) -> Run:
    run = new_run(workspace, tmp_path, name="the sound one")
    run.log.append(epoch(1, best=True, val_accuracy=0.75))
    measured(run)
    run.log.append(Finished())
    return run


def finished(workspace: Workspace, root: Path) -> Run:
    run = new_run(workspace, root)
    measured(run)
    run.log.append(Finished())
    return run


@pytest.mark.parametrize("how", [*BROKEN, *ODD])
def test_one_row_says_so_and_hides_nothing(
    how: str, workspace: Workspace, sound: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = finished(workspace, tmp_path)
    {**BROKEN, **ODD}[how](other)
    for _ in range(2):  # the second time from the index
        rows = {each.run: each for each in workspace.summaries()}
        assert rows[str(sound.path)] == Summary.of(sound) and rows[str(sound.path)].val_accuracy == 0.75
        row = rows[str(other.path)]
        if how in BROKEN:
            assert row.status == DAMAGED and "is damaged" in row.message and other.id in row.message
    page = read(table.listing([*rows.values()], ""))
    assert sound.id in page.having("data-name") and "the sound one" in page.text and len(page.text) < 2000
    assert main(["runs", "--workspace", str(workspace.path)]) == 0
    told = capsys.readouterr().out
    assert "the sound one" in told and len(told) < 4000
    desk = Desk.open(workspace, [tmp_path], tmp_path)
    assert desk.runs.get(sound.id) == sound
    if how in BROKEN:
        with pytest.raises(RunError, match="damaged"):
            desk.runs.get(other.id)
    else:
        for shown in (headline(other), charts(other), view.state(other), view.remarks(other)):
            assert len(read(shown).text) < 2000
    assert desk.studies.measurements(sound.dataset) == []


def test_a_damaged_list_of_photos_is_told_when_it_is_asked_for(workspace: Workspace, tmp_path: Path) -> None:
    run = finished(workspace, tmp_path)
    for content in ("[]", "{", "[" * 100_000, '{"root": 1, "classes": 2, "photos": [3]}'):
        run.dataset_file.write_text(content)
        with pytest.raises(RunError, match=r"dataset\.json cannot be understood"):
            Desk.open(workspace, [tmp_path], tmp_path).runs.get(run.id)


@pytest.mark.parametrize("how", ["config is a list", "events are a folder"])
def test_a_damaged_folder_neither_starts_nor_holds_up_others(how: str, workspace: Workspace, tmp_path: Path) -> None:
    damaged, dead, study = (new_run(workspace, tmp_path) for _ in range(3))
    BROKEN[how](damaged)
    dead.log.append(Launched())
    dead.log.path.write_text('{"event": "launched"}\n')  # without a time: long ago
    moved = workspace.studies_dir / study.id
    study.path.rename(moved)
    (moved / "config.json").write_text("[]")
    supervisor = Supervisor(workspace, launcher=None)  # type: ignore[arg-type] - nothing may be launched
    supervisor._idle = lambda: None
    with pytest.raises(AttributeError):  # it has come to the end of its look, where it would have a worker ready
        supervisor._look()
    assert isinstance(dead.log.last(), Died)
    assert Desk.open(workspace, [tmp_path], tmp_path).studies.all() == []
    with pytest.raises(TransferError, match="damaged"):
        Desk.open(workspace, [tmp_path], tmp_path).studies.get(study.id)


def test_the_index_can_be_thrown_away_damaged_or_out_of_date(workspace: Workspace, sound: Run, tmp_path: Path) -> None:
    running = new_run(workspace, tmp_path)
    told = workspace.summaries()
    file = workspace.index.file
    assert sound.id in file.read_text() and running.id not in file.read_text()
    for content in ("", "[]", "{not json", '{"x": ["", {}]}', json.dumps({sound.id: ["", {"name": "a lie"}]})):
        file.write_text(content)
        assert workspace.summaries() == told
    file.unlink()
    assert workspace.summaries() == told and file.exists()
    measured(sound, accuracy=0.125)
    assert {each.test_accuracy for each in workspace.summaries()} == {None, 0.125}
    moved = workspace.path.rename(tmp_path / "moved")
    assert [each.run for each in Workspace(moved).summaries()] == [str(run.path) for run in Workspace(moved).runs()]
