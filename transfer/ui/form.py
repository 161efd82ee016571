"""The form: components made from RunConfig, so that nothing about a setting is written twice.

`component` makes the component of one field; `to_components` and `to_config` go from a RunConfig to the
components' values and back. What a network offers (its layers, its widths) is not known here.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components import Component

from transfer.config import RunConfig

# RunConfig.photos is chosen in the photos tab; all other fields are components of the network tab.
FIELDS = tuple(name for name in RunConfig.settings() if name != "photos")


def component(name: str, **presentation: Any) -> Component:
    """The component that suits a field's type, with the label, help, choices and limits of its `Setting`."""
    setting = RunConfig.settings()[name]
    kind, _ = RunConfig.kinds()[name]
    about: dict[str, Any] = {
        "label": setting.label,
        "info": setting.help,
        "value": getattr(RunConfig(), name),
        "elem_id": f"setting-{name}",
        **presentation,
    }
    if setting.choices:
        return gr.Radio(list(setting.choices), **about)
    if kind is str:
        return gr.Textbox(max_lines=1, **about)
    # No minimum/maximum here: Gradio would answer with its own words where RunConfig has better ones.
    return gr.Number(precision=0 if kind is int else None, **about)


def to_components(config: RunConfig) -> list[Any]:
    """The value of each component, in the order of `FIELDS`."""
    values = config.to_dict()
    return [values[name] for name in FIELDS]


def to_config(values: dict[str, Any]) -> RunConfig:
    """A checked RunConfig from the components' values by field name.

    Raises:
        ConfigError: for a value that is out of range or cannot be understood.
    """
    return RunConfig.from_dict(values)
