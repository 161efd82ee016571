"""The process in which an export is proven has Keras, and nothing of what its parent had."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from transfer.learning.export.fresh import Program

LOOK = """
import json, os, sys
from beside import value
print(json.dumps({"argv": sys.argv[1:], "folder": os.getcwd(), "value": value, "loaded": sorted(
    {name.partition(".")[0] for name in sys.modules} & {"keras", "tensorflow", "transfer"})}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "look.py").write_text(LOOK)
    (tmp_path / "beside.py").write_text("value = 7")
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="processes are divided on Linux only")
def test_a_divided_process_knows_nothing_but_keras(folder: Path) -> None:
    program = [sys.executable, "-m", "tests.learning.export.divided", str(folder)]
    said, missing = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
    found = json.loads(said)
    assert (found["argv"], found["folder"], found["value"]) == (["second"], str(folder), 7)
    assert found["loaded"] == ["keras", "tensorflow"]
    assert missing == "True"


def test_where_nothing_was_prepared_a_new_interpreter_runs_it(folder: Path) -> None:
    found = json.loads(Program(folder, ["look.py", "a"]).output())
    assert (found["argv"], found["value"], found["loaded"]) == (["a"], 7, [])
    with pytest.raises(subprocess.CalledProcessError) as trouble:
        Program(folder, ["missing.py"]).output()
    assert "missing.py" in trouble.value.stderr
