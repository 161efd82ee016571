"""What comes from a browser names a run of this workspace, or nothing."""

from pathlib import Path

import pytest

from tests.runs.conftest import new_run
from transfer.dataset.roots import Roots
from transfer.processes.supervisor import Supervisor
from transfer.runs.workspace import Workspace
from transfer.ui.context import Context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    workspace = Workspace(tmp_path / "workspace")
    return Context.open(workspace, Roots([tmp_path]), Supervisor(workspace, standby=False))


def test_a_run_by_its_name(context: Context, tmp_path: Path) -> None:
    run = new_run(context.workspace, tmp_path)
    assert context.run(run.id) == run


def test_no_path_and_no_part_of_a_name(context: Context, tmp_path: Path) -> None:
    run = new_run(context.workspace, tmp_path)
    planted = new_run(Workspace(tmp_path / "other"), tmp_path)
    link = context.workspace.runs_dir / "link"
    link.symlink_to(planted.path)
    for name in ("", ".", "..", str(run.path), run.id[:-2], f"../runs/{run.id}", str(planted.path), "link", "nothing"):
        assert context.run(name) is None, name


def test_an_uploaded_network_stays_what_it_was(context: Context, tmp_path: Path) -> None:
    kept = []
    for content in (b"first", b"second"):
        file = tmp_path / "net.keras"
        file.write_bytes(content)
        kept.append(Path(context.keep_network(str(file))))
    assert [place.read_bytes() for place in kept] == [b"first", b"second"]
