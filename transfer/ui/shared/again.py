"""A run to start from: its settings in the form, to be changed and trained as another run."""

from __future__ import annotations

from typing import Any

import gradio as gr

from transfer.drawing.panels import empty, error_panel, panel
from transfer.errors import TransferError
from transfer.runs.run import Run
from transfer.ui.shared import form, steps

FIRST = "Click a run first."


def again(run: Run | None) -> list[Any]:
    """What is said of it, its photo folder, and the values of the form, in the order of `form.FIELDS`."""
    kept = [gr.skip()] * (1 + len(form.FIELDS))
    if run is None:
        return [empty(FIRST), *kept]
    try:
        values = form.to_components(run.config_at())
    except TransferError as error:
        return [error_panel(error), *kept]
    following = (
        f"Its photo folder is named in {steps.step('photos')}: press “Check photos” there to use these photos, "
        f"too. Change what you like in {steps.step('network')}, then press Train in {steps.step('train')}."
    )
    return [panel("good", f"The settings of “{run.name}” are in the form.", following), run.config.photos, *values]
