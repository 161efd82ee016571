"""A workspace that can only be read is listed and shown, and left as it was."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from transfer.messages.endings import Died
from transfer.messages.events import Started
from transfer.runs.workspace import Workspace

from .conftest import epoch, new_run

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # of linux/prctl.h and linux/capability.h
LOOK = """
import sys
from pathlib import Path
from transfer.errors import DiskError
from transfer.runs.workspace import Workspace
for run in Workspace(Path(sys.argv[1])).runs():
    try:
        run.request_resume() if run.status().state == "interrupted" else run.request_stop()
    except DiskError as error:
        print(run.status().state, "|", error.what)
"""


def bound_by_permissions() -> None:
    """Even root, from the program on that is started next."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
def test_it_is_listed_and_shown(workspace: Workspace, tmp_path: Path) -> None:
    died, lost, waits = (new_run(workspace, tmp_path) for _ in range(3))
    died.log.append(Died(message="Killed."))
    lost.log.append(Started(device="CPU"))
    lost.log.append(epoch(1))
    places = [workspace.path, *workspace.path.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    try:
        results = [
            subprocess.run(
                [sys.executable, *program], capture_output=True, text=True, preexec_fn=bound_by_permissions, check=False
            )
            for program in (
                ["-m", "transfer", "runs", "--json", "--workspace", str(workspace.path)],
                ["-c", LOOK, str(workspace.path)],
            )
        ]
    finally:
        for place in places:
            place.chmod(0o755)
    listed, asked = results
    assert listed.returncode == 0, listed.stderr
    states = {Path(row["run"]).name: row["status"] for row in json.loads(listed.stdout)}
    assert states == {died.id: "interrupted", lost.id: "interrupted", waits.id: "queued"}
    words = "Nothing can be written here; what is there can be looked at."
    assert sorted(asked.stdout.splitlines()) == [f"interrupted | {words}"] * 2 + [f"queued | {words}"], asked.stderr
    assert set(places) == {workspace.path, *workspace.path.rglob("*")}
