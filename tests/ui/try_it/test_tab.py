"""Whose answers are shown: those of the run that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from transfer.commands.desk import Desk
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace
from transfer.ui.context import Context
from transfer.ui.try_it.tab import try_tab
from transfer.ui.try_it.why import Answered


def test_the_answers_of_another_run_go(new_run: Callable[..., Run], workspace: Workspace, tmp_path: Path) -> None:
    run = new_run()
    desk = Desk.open(workspace, [tmp_path], tmp_path / "logs")
    try:
        with gr.Blocks() as blocks, gr.Tabs():
            try_tab(Context(desk), gr.BrowserState(run.id))
        look = next(each for each in blocks.fns.values() if each.name == "look")
        assert look.fn is not None
        same, other = (look.fn(run.id, Answered(name)) for name in (run.id, "another"))
    finally:
        desk.close()
    assert len(same) == len(other) == len(look.outputs)
    assert same[3:] == [gr.skip(), "", gr.skip()]
    assert other[3:] == [Answered("another"), "", ""], "the next look does it again"
