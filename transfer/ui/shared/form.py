"""The form: components made from RunConfig, so that nothing about a setting is written twice.

`component` makes the component of one field from its type, choices and limits; `to_components` and `named` go from a
RunConfig to the components' values and back. What a network offers (its layers, its widths) is not known here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gradio as gr

from transfer.config import RunConfig
from transfer.setting import plain

Field = gr.Dropdown | gr.Number | gr.Radio | gr.Slider | gr.Textbox

# RunConfig.photos is chosen in the photos tab; all other fields are components of the network tab.
FIELDS = tuple(name for name in RunConfig.settings() if name != "photos")
# In the browser, what `named` does here.
NAMED = f"(...values) => Object.fromEntries({json.dumps(FIELDS)}.map((name, place) => [name, values[place]]))"


def component(name: str, **presentation: Any) -> Field:
    """The component that suits a field, with the label, help, choices and limits of its `Setting`.

    Args:
        name: a field of RunConfig.
        presentation: arguments of the component that only the page can know, such as the choices of widths;
            `kind` replaces the component itself.
    """
    setting = RunConfig.settings()[name]
    kind, _ = RunConfig.kinds()[name]
    low, high = setting.minimum, setting.maximum
    about: dict[str, Any] = {
        "label": setting.label,
        "info": setting.hint,
        "value": getattr(RunConfig(), name),
        "elem_id": f"setting-{name}",
        "min_width": 240,
    }
    make: Callable[..., Field]
    if "kind" in presentation:
        make = presentation.pop("kind")
    elif setting.choices:
        make, about["choices"] = gr.Radio, list(setting.choices)
    elif kind is str:
        make = gr.Textbox
    elif kind is float and low and high and high / low > 1000:
        # A rate spans orders of magnitude: offer the usual steps, and let any other be typed.
        make, about["choices"] = gr.Dropdown, [(plain(value), value) for value in steps(low, high)]
        about["allow_custom_value"] = True
    elif kind is float and low is not None and high is not None:
        make = gr.Slider
        about |= {"minimum": low, "maximum": high, "step": 0.05}
    else:
        # No limits here: Gradio would meet a wrong number with its own words, RunConfig has better ones.
        make, about["precision"] = gr.Number, 0 if kind is int else None
    return make(**{**about, **presentation})


def steps(low: float, high: float) -> list[float]:
    """The round values 1 and 3 of each power of ten between two limits, biggest first."""
    return sorted(_steps(low, high), reverse=True)


def _steps(low: float, high: float) -> Iterator[float]:
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        for digit in (1, 3):
            value = float(f"{digit}e{power}")
            if low <= value <= high:
                yield value


def to_components(config: RunConfig) -> list[Any]:
    """The value of each component, in the order of `FIELDS`."""
    values = config.to_dict()
    return [values[name] for name in FIELDS]


def named(values: Iterable[Any]) -> dict[str, Any]:
    """The components' values, in the order of `FIELDS`, by field name: what `RunConfig.from_dict` takes."""
    return dict(zip(FIELDS, values, strict=True))
