"""The tabs of the page are the steps, in their order and with their names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from transfer.ui.shared import steps


def test_names_and_numbers() -> None:
    assert steps.tab_label("train") == "3 Train"
    assert steps.step("train") == "step 3"
    assert steps.tab_label("runs") == "Past runs"
    assert steps.step("runs") == "“Past runs”"


def test_the_page_has_them_in_this_order(tmp_path: Path) -> None:
    program = (
        "import gradio, json, pathlib, sys; from transfer.commands.desk import Desk; from transfer.ui import page;"
        "from transfer.runs.workspace import Workspace; from transfer.ui.context import Context;"
        "place = pathlib.Path(sys.argv[1]); built = page.build(Context(Desk.open(Workspace(place), [place], place)));"
        "tabs = [block for block in built.blocks.values() if isinstance(block, gradio.Tab)];"
        "print(json.dumps([[tab.id, tab.label] for tab in tabs]))"
    )
    built = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert json.loads(built.stdout) == [[id, steps.tab_label(id)] for id in steps.TITLES]


def test_no_number_is_written_elsewhere() -> None:
    for file in Path(steps.__file__).parents[1].rglob("*.py"):
        if file.name != "steps.py":
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"\b[Ss]tep [1-9]|[\"“][1-9] [A-Z]", text), file
