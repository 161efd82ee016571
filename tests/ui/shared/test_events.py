"""What listens to what: no two listeners to one event keep each other busy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import gradio as gr
import pytest

from transfer.commands.desk import Desk
from transfer.runs.workspace import Workspace
from transfer.ui import page
from transfer.ui.context import Context


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gr.Blocks]:
    place = tmp_path_factory.mktemp("page")
    desk = Desk.open(Workspace(place), [place], place)
    yield page.build(Context(desk))
    desk.close()


def test_a_listener_that_makes_gradio_repeat_an_event_is_alone_with_it(built: gr.Blocks) -> None:
    """Two of them defer each other for ever: the browser was at 100 % of a core on every tab."""
    listening = defaultdict(list)
    for function in built.fns.values():
        for target in function.targets:
            if function.fn is not None and target[0] is not None:  # not what follows another listener
                listening[target].append((function.name, function.trigger_mode))
    assert len(listening) > 50
    repeated = {target: modes for target, modes in listening.items() if "always_last" in dict(modes).values()}
    assert repeated and {target: modes for target, modes in repeated.items() if len(modes) > 1} == {}


def test_no_event_fills_the_tabs(built: gr.Blocks) -> None:
    """Gradio would copy the whole page whenever anything happens, from the first such event on."""
    filled = [output for function in built.fns.values() for output in function.outputs]
    assert len(filled) > 100 and not [output for output in filled if isinstance(output, gr.Tabs | gr.Tab)]


def test_nobody_is_told_of_progress_that_is_not_shown(built: gr.Blocks) -> None:
    """Whatever may show progress is looked for in the whole page whenever any handler begins or ends."""
    pages = [function for function in built.fns.values() if function.targets]  # the others are asked by other programs
    hidden = [function for function in pages if function.show_progress == "hidden"]
    assert len(hidden) > 100 and [function.name for function in hidden if function.show_progress_on != []] == []
