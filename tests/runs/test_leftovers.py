"""What killed processes left half written goes, what living ones write stays."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until
from transfer.feature_store.disk_cache import hold, in_use, let_go
from transfer.runs.leftovers import hidden, sweep
from transfer.runs.process import began
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


def test_leftovers_are_swept(workspace: Workspace, run: Run) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = str(ended.pid)
    export, unfinished = run.exports_dir / f".keras.{dead}", workspace.runs_dir / f".new-run.{dead}"
    for folder in (export, unfinished, run.exports_dir / "keras"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    unbound = workspace.cache_dir / f".{dead}"
    for place in (run.path / f".checkpoint.npz.{dead}", workspace.runs_dir / f".queue.json.{dead}", unbound):
        place.touch()
    held = workspace.features.folder / "some" / "held"
    held.mkdir(parents=True)
    (held / f"{dead}-00000000").touch()
    ours = hold(held.parent)
    writing = hidden(run.checkpoint)
    writing.touch()

    workspace.sweep()

    stays = {writing, run.exports_dir / "keras", Path(ours.lock_file), workspace.runs_dir / ".queue.lock"}
    found = {path for path in workspace.path.rglob("*") if dead in path.name or str(os.getpid()) in path.name}
    assert found == {writing, Path(ours.lock_file)}
    assert all(place.exists() for place in stays)
    assert in_use(held.parent)
    let_go(ours)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets")
def test_a_socket_goes_when_nobody_listens_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    folder = Path("cache")
    folder.mkdir()
    (folder / "worker-of-a-file").touch()
    with socket.socket(socket.AF_UNIX) as living, socket.socket(socket.AF_UNIX) as killed:
        living.bind("cache/worker-living")
        living.listen(0)
        killed.bind("cache/worker-killed")
        killed.listen()
        killed.close()
        for _ in range(3):  # not even where others wait already
            sweep(folder)
        assert sorted(path.name for path in folder.iterdir()) == ["worker-living", "worker-of-a-file"]


def test_a_process_that_is_over_lives_no_more_although_nobody_asked_how_it_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    until(lambda: began(process.pid) is None)
    process.wait()
    assert began(os.getpid())
