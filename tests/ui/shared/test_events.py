"""What listens to what: no two listeners to one event keep each other busy."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import gradio as gr

from transfer.commands.desk import Desk
from transfer.runs.workspace import Workspace
from transfer.ui import page
from transfer.ui.context import Context


def test_a_listener_that_makes_gradio_repeat_an_event_is_alone_with_it(tmp_path: Path) -> None:
    """Two of them defer each other for ever: the browser was at 100 % of a core on every tab."""
    built = page.build(Context(Desk.open(Workspace(tmp_path), [tmp_path], tmp_path)))
    listening = defaultdict(list)
    for function in built.fns.values():
        for target in function.targets:
            if function.fn is not None and target[0] is not None:  # not what follows another listener
                listening[target].append((function.name, function.trigger_mode))
    assert len(listening) > 50
    repeated = {target: modes for target, modes in listening.items() if "always_last" in dict(modes).values()}
    assert repeated and {target: modes for target, modes in repeated.items() if len(modes) > 1} == {}


def test_no_event_fills_the_tabs(tmp_path: Path) -> None:
    """Gradio would copy the whole page whenever anything happens, from the first such event on."""
    built = page.build(Context(Desk.open(Workspace(tmp_path), [tmp_path], tmp_path)))
    filled = [output for function in built.fns.values() for output in function.outputs]
    assert len(filled) > 100 and not [output for output in filled if isinstance(output, gr.Tabs | gr.Tab)]
