"""The folder browser: a list of sub-folders to click through, confined to the allowed roots. HTML and one listener.

Every path that comes back from the browser goes through `Roots.confine` before anything is read.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from transfer.dataset.roots import Roots

SHOWN = 300  # sub-folders of one folder

# Clicks on anything that carries data-place are told to Python as {place: …}. Not {path: …}: that Gradio takes for
# an upload and refuses.
LISTEN = """
element.addEventListener('click', event => {
  const target = event.target.closest('[data-place]');
  if (target && element.contains(target)) trigger('click', {place: target.dataset.place});
});
"""


def listing(roots: Roots, path: str) -> str:
    """The way to a folder and the folders in it; the roots themselves when the path is empty.

    Raises:
        PhotosError: when the path is outside of the roots or no folder.
    """
    if not path.strip():
        items = "".join(_item(root, str(root)) for root in roots.folders)
        return f'<div class="t-plain t-folders"><nav><b>Where to look</b></nav><ul>{items}</ul></div>'
    folder = roots.confine(path)
    children = roots.children(folder)
    items = "".join(_item(child, child.name) for child in children[:SHOWN])
    if len(children) > SHOWN:
        items += f'<li class="t-muted">… and {len(children) - SHOWN:,} more: type the path instead.</li>'
    if not children:
        items = '<li class="t-muted">No folders in here.</li>'
    return f'<div class="t-plain t-folders"><nav>{_way(roots, folder)}</nav><ul>{items}</ul></div>'


def _way(roots: Roots, folder: Path) -> str:
    """Breadcrumbs from the nearest root down to the folder."""
    root = max((root for root in roots.folders if folder.is_relative_to(root)), key=lambda root: len(root.parts))
    steps = [root]
    for part in folder.relative_to(root).parts:
        steps.append(steps[-1] / part)
    links = ['<button type="button" data-place="">Start</button>']
    links += [
        f'<button type="button" data-place="{escape(str(step))}">{escape(step.name or str(step))}</button>'
        for step in steps[:-1]
    ]
    return " › ".join([*links, f"<b>{escape(steps[-1].name or str(steps[-1]))}</b>"])


def _item(path: Path, name: str) -> str:
    try:
        str(path).encode()
    except UnicodeEncodeError:  # bytes that are no text: the page could neither show the name nor send it back
        shown = escape(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        return f'<li class="t-muted">{shown}: this name is not valid text (UTF-8), rename it to use it here.</li>'
    return f'<li><button type="button" data-place="{escape(str(path))}">{escape(name)}</button></li>'
