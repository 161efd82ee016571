"""What comes from a browser names a run of this workspace, or nothing."""

from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from transfer.commands.desk import Desk
from transfer.runs.workspace import Workspace
from transfer.ui.context import Context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    workspace = Workspace(tmp_path / "workspace")
    return Context(Desk.open(workspace, [tmp_path], workspace.path / "cache"))


def test_a_run_by_its_name(context: Context, tmp_path: Path) -> None:
    run = new_run(context.desk.workspace, tmp_path)
    assert context.run(run.id) == run


def test_no_path_and_no_part_of_a_name(context: Context, tmp_path: Path) -> None:
    run = new_run(context.desk.workspace, tmp_path)
    planted = new_run(Workspace(tmp_path / "other"), tmp_path)
    link = context.desk.workspace.runs_dir / "link"
    link.symlink_to(planted.path)
    for name in ("", ".", "..", str(run.path), run.id[:-2], f"../runs/{run.id}", str(planted.path), "link", "nothing"):
        assert context.run(name) is None, name
