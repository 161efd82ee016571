"""What people add to a run, and the bin: nothing of what was chosen or trained changes by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from transfer.commands.desk import Desk
from transfer.errors import RunError
from transfer.messages.endings import Died, Finished
from transfer.runs.notes import FILE, LONGEST_NOTE, Notes
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


@pytest.fixture
def desk(workspace: Workspace, tmp_path: Path) -> Desk:
    return Desk.open(workspace, [tmp_path], tmp_path)


def test_a_run_is_renamed_noted_and_starred_beside_its_config(run: Run, desk: Desk, workspace: Workspace) -> None:
    chosen, given = run.config_file.read_bytes(), run.name
    desk.runs.annotate(run.id, name="Hans", note="Café ☕ \0 \ud800")
    desk.runs.star(run.id)
    assert (run.name, run.notes) == ("Hans", Notes("Hans", "Café ☕ \0 ?", True))
    (summary,) = workspace.summaries()
    assert (summary.name, summary.starred) == ("Hans", True) and summary.size > 500
    desk.runs.star(run.id)
    desk.runs.annotate(run.id, name="")
    assert run.name == given and not run.notes.starred and run.config_file.read_bytes() == chosen
    with pytest.raises(RunError, match="note is too long"):
        desk.runs.annotate(run.id, note="x" * (LONGEST_NOTE + 1))
    for content in (b"[]", b"{", b'{"starred": "perhaps"}', b"\xff"):
        (run.path / FILE).write_bytes(content)
        assert run.notes == Notes() and run.name == given


def test_the_index_sees_a_note_and_a_new_export(run: Run, desk: Desk, workspace: Workspace) -> None:
    run.log.append(Finished())
    (before,) = workspace.summaries()
    desk.runs.annotate(run.id, note="new")
    (run.exports_dir / "keras").mkdir(parents=True)
    (run.exports_dir / "model-keras.zip").write_bytes(bytes(5000))
    (after,) = workspace.summaries()
    assert after.note == "new" and after.size >= before.size + 5000


def test_a_run_is_thrown_away_and_put_back_as_it_was(run: Run, desk: Desk, workspace: Workspace) -> None:
    with pytest.raises(RunError, match="cannot be thrown away"):
        desk.runs.discard(run.id)  # it waits
    run.log.append(Died(exit_code=-9, message="Killed.", log_tail=""))
    with run.lock, pytest.raises(RunError, match="cannot be thrown away"):
        desk.runs.discard(run.id)  # somebody is at it
    everything = {file.name: file.read_bytes() for file in run.path.iterdir()}
    desk.runs.discard(run.id)
    assert workspace.runs() == [] and [each.id for each in workspace.bin.runs()] == [run.id]
    with pytest.raises(RunError):
        desk.runs.get(run.id)
    back = desk.runs.restore(run.id)
    assert back == run and {file.name: file.read_bytes() for file in run.path.iterdir()} == everything
    assert workspace.runs() == [run] and workspace.bin.runs() == []
    for wrong in (run.id, "", "..", "../runs", "x\0"):
        with pytest.raises(RunError):
            desk.runs.restore(wrong)


def test_a_damaged_run_can_be_thrown_away_and_the_bin_emptied(
    run: Run, desk: Desk, workspace: Workspace, tmp_path: Path
) -> None:
    other = new_run(workspace, tmp_path)
    other.log.append(Finished())
    run.config_file.write_text("{not json")
    desk.runs.discard(run.id)
    desk.runs.discard(other.id)
    assert len(workspace.bin.runs()) == 2
    assert workspace.bin.empty() > 1000 and workspace.bin.runs() == [] and [*workspace.bin.folder.iterdir()] == []
