"""Small pieces of HTML that several tabs show: a message, an error, a row of facts. All text is escaped here."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from typing import Literal, Protocol

from PIL import Image

from transfer.errors import TransferError


class Notice(Protocol):
    """What `transfer.advice` says: its shape, so that this module needs no other."""

    @property
    def level(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def fix(self) -> str: ...


def panel(level: str, title: str, words: str = "", fix: str = "") -> str:
    """A message box; `level` is info, warning, stop or good."""
    role = "alert" if level == "stop" else "status"
    parts = [f"<strong>{escape(title)}</strong>"]
    parts += [f"<p>{escape(words)}</p>"] if words else []
    parts += [f'<p class="t-fix">{escape(fix)}</p>'] if fix else []
    return f'<div class="t-panel t-{escape(level)}" role="{role}">{"".join(parts)}</div>'


def error_panel(error: TransferError, *, folded: bool = False) -> str:
    """The four answers of an error: what happened, what was expected, what was found, what to do.

    Folded, for errors that the page itself offers a way out of: a warning, with the last three behind a click.
    """
    rows = [("Expected", error.expected), ("Found", error.found), ("What to do", error.fix)]
    answers = "".join(f"<dt>{name}</dt><dd>{escape(text).replace(chr(10), '<br>')}</dd>" for name, text in rows if text)
    answers = f"<dl>{answers}</dl>" if answers else ""
    if folded:
        answers = f'<details class="t-more"><summary>How to get it</summary>{answers}</details>'
    level = "t-warning" if folded else "t-stop"
    return f'<div class="t-panel {level}" role="alert"><strong>{escape(error.what)}</strong>{answers}</div>'


def notices(found: Iterable[Notice]) -> str:
    """Advice, one box each."""
    return "".join(panel(notice.level, notice.title, notice.message, notice.fix) for notice in found)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A row of numbers with their captions."""
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(caption)}</span></div>" for value, caption in pairs)
    return f'<div class="t-facts">{cells}</div>'


def lead(text: str) -> str:
    """The one sentence at the top of a step."""
    return f'<p class="t-lead">{escape(text)}</p>'


def empty(text: str) -> str:
    """What a step shows before there is anything to show."""
    return f'<div class="t-empty">{escape(text)}</div>'


def shown(condition: bool) -> bool | Literal["hidden"]:
    """The value of `visible` for a component that comes and goes.

    Never False: then the component is not in the page at all, and Gradio 6.31 loses updates that arrive while it is
    being put there.
    """
    return True if condition else "hidden"


def picture(image: Image.Image, alt: str, kind: str = "") -> str:
    """A small picture inside the HTML itself, so that it needs no file that the page would have to serve."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img class="{escape(kind)}" alt="{escape(alt)}" src="data:image/webp;base64,{data}">'
