"""The tabs of the page are the steps, in their order and with their names."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr

from transfer.commands.desk import Desk
from transfer.runs.workspace import Workspace
from transfer.ui import page
from transfer.ui.context import Context
from transfer.ui.shared import steps


def test_names_and_numbers() -> None:
    assert steps.tab_label("train") == "3 Train"
    assert steps.step("train") == "step 3"
    assert steps.tab_label("runs") == "Past runs"
    assert steps.step("runs") == "“Past runs”"


def test_the_page_has_them_in_this_order(tmp_path: Path) -> None:
    built = page.build(Context(Desk.open(Workspace(tmp_path), [tmp_path], tmp_path / "cache")))
    tabs = [block for block in built.blocks.values() if isinstance(block, gr.Tab)]
    assert [tab.id for tab in tabs] == list(steps.TITLES)
    assert [tab.label for tab in tabs] == [steps.tab_label(id) for id in steps.TITLES]


def test_no_number_is_written_elsewhere() -> None:
    for file in Path(page.__file__).parent.rglob("*.py"):
        if file.name != "steps.py":
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"\b[Ss]tep [1-9]|[\"“][1-9] [A-Z]", text), file
