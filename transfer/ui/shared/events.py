"""How the page listens: the flags of its handlers, and the script that tells a click inside HTML to Python."""

from __future__ import annotations

from typing import Any

# A handler of the page's own: no spinner over what it fills, any number at once, no endpoint for other programs.
QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
QUICK: dict[str, Any] = QUIET | {"queue": False}  # for what must follow the hand

# For `gr.HTML(js_on_load=…)`: a click on a button arrives as the event's data, its `data-…` attributes by name.
# None may be called data-path: that Gradio takes for an upload and refuses.
LISTEN = """
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button && element.contains(button)) trigger('click', {...button.dataset});
});
"""
