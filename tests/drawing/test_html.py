"""The one place where HTML is made: it escapes whatever it is given, and no other module writes a tag."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from markupsafe import Markup

from tests.ui.conftest import HOSTILE, read
from transfer.drawing import html

PACKAGE = Path(html.__file__).parent.parent
DRAWN = sorted(file for room in ("drawing", "report", "ui") for file in (PACKAGE / room).rglob("*.py"))
TAG = re.compile(r"</?[a-z][a-z0-9]*(\s[^<>]*)?/?>")
MAKE_HTML = {"html.py", "svg.py"}  # svg.py mends the tags of Matplotlib


def test_text_and_attributes_are_escaped() -> None:
    made = html.div("t-panel", title=HOSTILE, data_name=HOSTILE)[HOSTILE, html.b[HOSTILE], [HOSTILE], html.br]
    page = read(made)
    assert page.having("title") == page.having("data-name") == [HOSTILE]
    assert page.text.count("alert(1)") == 3
    assert [tag for tag, _ in page.tags] == ["div", "b", "br"]


def test_only_what_was_made_here_passes() -> None:
    made = html.p["a & b"]
    assert html.div[made] == "<div><p>a &amp; b</p></div>"
    assert html.div[str(made)] != html.div[made], "text that looks like HTML is text"
    assert html.join("<", made, None, 5) == "&lt;<p>a &amp; b</p>5"
    assert isinstance(html.join(), Markup) and not html.join()
    assert html.div[f"{made}"] == html.div[str(made)], "an f-string makes text of it"


def test_attributes() -> None:
    assert html.details(open=True)["x"] == "<details open>x</details>"
    assert html.details(open=False, title=None)["x"] == "<details>x</details>"
    assert html.join(html.img("t-small", alt="")) == '<img class="t-small" alt="">'
    assert html.join(html.i(style="width:0%")) == '<i style="width:0%"></i>', "an element without content is closed"


def test_lines_stay_lines() -> None:
    assert html.lines("a <\nb") == "a &lt;<br>b"


@pytest.mark.parametrize("file", DRAWN, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_tag_is_written_elsewhere(file: Path) -> None:
    if file.name in MAKE_HTML:
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not TAG.search(node.value), f"line {node.lineno}: a tag that html.py should write"
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
            assert not TAG.search(text), f"line {node.lineno}: a tag that html.py should write"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            constant = all(isinstance(argument, ast.Constant) for argument in node.args)
            assert name != "escape", f"line {node.lineno}: escaping is html.py's work"
            assert name != "Markup" or constant, f"line {node.lineno}: text is called safe that may be anybody's"
