"""How the page listens: the flags of its handlers, and the scripts that see to clicks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

# A handler of the page's own: no spinner over what it fills, any number at once, no endpoint for other programs.
# Progress on nothing at all: where it may be shown, Gradio tells every such component of the page each time that any
# handler begins or ends, hidden or not, and looks for each in the whole page; a page took seconds of that to open.
QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "show_progress_on": [],
    "concurrency_limit": None,
    "api_visibility": "private",
}
QUICK: dict[str, Any] = QUIET | {"queue": False}  # for what must follow the hand


def follow(
    triggers: Sequence[Any], function: Callable[..., Any], inputs: Any, outputs: Any, **flags: Any
) -> gr.events.Dependency:
    """Call `function` after any of `triggers`, and once more after whatever came while it ran.

    Gradio's `always_last` repeats the whole event, for all that listen to it: two such listeners to one event defer
    each other in turn, for ever, with the browser at 100 %. Behind an event of its own each is repeated alone, and none
    waits until the others were answered.
    """
    heard = gr.on(triggers, None, js="() => {}", **QUICK)
    return heard.then(function, inputs, outputs, trigger_mode="always_last", **flags)


# For `gr.HTML(js_on_load=…)`: a click on a button arrives as the event's data, its `data-…` attributes by name.
# What is drawn is a button by its role. None may be called data-path: that Gradio takes for an upload and refuses.
LISTEN = """
element.addEventListener('click', event => {
  const button = event.target.closest('button, [role="button"]');
  if (button && element.contains(button)) trigger('click', {...button.dataset});
});
element.addEventListener('keydown', event => {
  if (event.target.role !== 'button' || !['Enter', ' '].includes(event.key)) return;
  event.preventDefault();
  trigger('click', {...event.target.dataset});
});
"""

# The same where a button may have a choice beside it, whose value arrives as `to`.
CHOOSE = """
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button || !element.contains(button)) return;
  const choice = button.parentNode.querySelector('select');
  trigger('click', {...button.dataset, ...(choice ? {to: choice.value} : {})});
});
"""

# For `gr.HTML(js_on_load=…)`: the buttons in the head of a table sort it, numbers from the largest on, at first.
SORT = """
element.addEventListener('click', event => {
  const head = event.target.closest('[data-sort]')?.closest('th');
  if (!head) return;
  const column = head.cellIndex, body = head.closest('table').tBodies[0];
  const text = row => row.cells[column].textContent.trim(), number = row => parseFloat(text(row));
  const least = (a, b) => isNaN(number(a)) || isNaN(number(b)) ? text(b).localeCompare(text(a)) : number(a) - number(b);
  const up = head.ariaSort === 'descending';
  for (const other of head.parentNode.cells) other.ariaSort = null;
  head.ariaSort = up ? 'ascending' : 'descending';
  body.append(...[...body.rows].sort((a, b) => up ? least(a, b) : least(b, a)));
});
"""

# For `gr.HTML(js_on_load=…)`, once a page: a press counts for the button it began on. Where something arrives above a
# button between press and release, it is the page that moved, not the hand, and the browser itself clicks nothing then.
PRESSES = """
let pressed = null;
const keep = event => { pressed = {button: event.target.closest('button'), x: event.clientX, y: event.clientY}; };
const finish = event => {
  const still = pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < 4;
  if (still && pressed.button && !pressed.button.contains(event.target)) pressed.button.click();
  pressed = null;
};
document.addEventListener('pointerdown', keep, true);
document.addEventListener('pointerup', finish, true);
document.addEventListener('pointercancel', () => { pressed = null; }, true);
"""
