"""The tabs: their order, their titles, and their numbers. A new tab is one line here and one in `page`."""

from __future__ import annotations

import gradio as gr

# By id, in the order of the page. What is left when the job is done has no number.
TITLES = {
    "photos": "Photos",
    "network": "Network",
    "train": "Train",
    "results": "Results",
    "try": "Try it",
    "take": "Take away",
    "runs": "Past runs",
}
UNNUMBERED = {"runs"}


def step(id: str) -> str:
    """How a sentence names a tab: "step 3", or “Past runs” where it has no number."""
    return f"“{TITLES[id]}”" if id in UNNUMBERED else f"step {_number(id)}"


def tab_label(id: str) -> str:
    """What is written on a tab: "3 Train"."""
    return TITLES[id] if id in UNNUMBERED else f"{_number(id)} {TITLES[id]}"


def tab(id: str) -> gr.Tab:
    """A tab of the page, to be filled. It is there before anybody opens it: settings are restored and listened to."""
    return gr.Tab(tab_label(id), id=id, elem_id=f"tab-{id}", render_children=True)


def opening(id: str) -> str:
    """The script that opens a tab. Gradio's own way makes the tabs an output, and whenever anything happens it then
    copies all that is in its outputs, which is the whole page: a browser that was led on once was slow ever after."""
    return f"() => document.getElementById('tab-{id}-button').click()"


def _number(id: str) -> int:
    return [each for each in TITLES if each not in UNNUMBERED].index(id) + 1
