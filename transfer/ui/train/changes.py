"""Change while it trains: a fold under the curves with the settings that can be others from the next round on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.drawing.panels import error_panel, muted, panel, shown
from transfer.errors import TransferError
from transfer.runs.changes import LIVE, OF_THE_HEAD
from transfer.runs.run import Run
from transfer.ui.shared import form
from transfer.ui.shared.events import QUIET

LEAD = "What you apply here counts from the next round on. Nothing that was learned until then is lost."


@dataclass(frozen=True)
class ChangesFold:
    """The fold and what is in it.

    Attributes:
        filled: the run, and the values in force, that the fields were filled with: what somebody types is left alone.
        fields: one for each of `LIVE`.
        said: what became of it.
    """

    fold: gr.Accordion
    filled: gr.State
    fields: list[Any]
    apply: gr.Button
    said: gr.HTML

    @classmethod
    def build(cls) -> ChangesFold:
        """The components, where the page is being built."""
        with gr.Accordion("Change while it trains", open=False, visible="hidden", elem_id="run-changes") as fold:
            gr.HTML(muted(LEAD))
            with gr.Row():
                fields = [form.component(name, elem_id=f"change-{name}", min_width=220) for name in LIVE]
            with gr.Row(elem_classes="t-buttons"):
                apply = gr.Button("Apply from the next round on", elem_id="apply-changes")
            said = gr.HTML(elem_id="changes-said")
        return cls(fold, gr.State(None), fields, apply, said)

    @property
    def screen(self) -> list[Any]:
        """What `look` fills."""
        return [self.fold, self.filled, self.said, *self.fields]

    def look(self, run: Run | None, filled: Any) -> list[Any]:
        """The fold for a run; the fields only when there is something else to fill them with."""
        if run is None or not run.changeable:
            return [gr.Accordion(visible="hidden"), filled, *[gr.skip()] * (1 + len(LIVE))]
        config, head_is_over = run.config_at(), run.head_is_over
        values = {name: getattr(config, name) for name in LIVE}
        now = [run.id, head_is_over, *values.values()]
        if now == filled:
            return [gr.Accordion(visible=True), filled, *[gr.skip()] * (1 + len(LIVE))]
        same = bool(filled) and filled[0] == run.id
        before = dict(zip(LIVE, filled[2:], strict=True)) if same else {}
        fields = []
        for name, value in values.items():
            visible = shown(name not in OF_THE_HEAD or not head_is_over)
            typed = same and visible is True and before[name] == value  # perhaps: what somebody types is left alone
            fields.append(gr.update(visible=visible) if typed else gr.update(value=value, visible=visible))
        said = gr.skip() if same else ""
        return [gr.Accordion(visible=True), now, said, *fields]

    def wire(self, desk: Desk, chosen: gr.BrowserState) -> Any:
        """Have the button ask for what is in the fields. Returns the event, for what follows."""

        def ask(run_id: str, *given: Any) -> Markup:
            try:
                run = desk.training.change(run_id, dict(zip(LIVE, given, strict=True)))
            except TransferError as error:
                return error_panel(error)
            when = "with the next round" if run.status().alive else "with the first round when it goes on"
            return panel("good", "Asked for.", f"It comes into force {when}, and is marked on the curves.")

        return self.apply.click(ask, [chosen, *self.fields], self.said, **QUIET)
