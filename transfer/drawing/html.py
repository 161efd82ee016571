"""HTML as elements: the only place where tags are written. Text is escaped always; only what was made here passes.

An element reads in the order of what it makes: `html.div("t-panel", role="alert")[html.b[name], " is here"]`. In the
parentheses stand its class and its attributes, in the brackets what is inside: text, numbers, elements, lists of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

from markupsafe import Markup, escape

Content = Union[str, int, "Element", None, Iterable["Content"]]
Attribute = str | int | None

NOTHING = Markup()
VOID = {"br", "img", "input", "meta"}


class Element:
    """An element that may still be given attributes and content; alone it stands for itself without any."""

    def __init__(self, tag: str, attributes: Markup = NOTHING) -> None:
        self._tag = tag
        self._attributes = attributes

    def __call__(self, classes: str = "", **attributes: Attribute) -> Element:
        """The element with a class and attributes: `aria_label` is written aria-label, True as the bare name, and
        None or False not at all."""
        pairs: dict[str, Attribute] = {"class": classes or None, **attributes}
        written = NOTHING
        for name, value in pairs.items():
            if value is None or value is False:
                continue
            written += Markup(" {}").format(name.replace("_", "-"))
            written += NOTHING if value is True else Markup('="{}"').format(value)
        return Element(self._tag, written)

    def __getitem__(self, content: Content) -> Markup:
        return Markup("<{0}{1}>{2}</{0}>").format(self._tag, self._attributes, join(content))

    def __html__(self) -> Markup:
        return Markup("<{}{}>").format(self._tag, self._attributes) if self._tag in VOID else self[NOTHING]


def join(*content: Content) -> Markup:
    """One piece after the other; text among them is escaped."""
    return NOTHING.join(_flat(content))


def lines(text: str) -> Markup:
    """Text that keeps its line breaks."""
    return Markup(br).join(text.split("\n"))


def document(title: str, style: str, content: Markup) -> Markup:
    """A whole page that runs no script and loads nothing, whatever stands in it; `style` is CSS of ours."""
    allowed = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = join(
        meta(charset="utf-8"),
        meta(http_equiv="Content-Security-Policy", content=allowed),
        meta(name="viewport", content="width=device-width, initial-scale=1"),
        Element("title")[title],
        Element("style")[Markup(style)],
    )
    inside = join(Element("head")[head], Element("body")("gradio-container")[content])
    return Markup("<!doctype html>\n") + Element("html")(lang="en")[inside]


def _flat(content: Content) -> Iterable[Markup]:
    if content is None:
        return
    if isinstance(content, str | int | Element):
        yield escape(content)
    else:
        for each in content:
            yield from _flat(each)


a = Element("a")
article = Element("article")
b = Element("b")
br = Element("br")
button = Element("button")
code = Element("code")
control = Element("input")
dd = Element("dd")
details = Element("details")
div = Element("div")
dl = Element("dl")
dt = Element("dt")
figcaption = Element("figcaption")
figure = Element("figure")
h1 = Element("h1")
h2 = Element("h2")
h3 = Element("h3")
h4 = Element("h4")
header = Element("header")
i = Element("i")
img = Element("img")
label = Element("label")
li = Element("li")
line = Element("line")
main = Element("main")
meta = Element("meta")
nav = Element("nav")
option = Element("option")
p = Element("p")
pre = Element("pre")
rect = Element("rect")
section = Element("section")
select = Element("select")
small = Element("small")
span = Element("span")
strong = Element("strong")
summary = Element("summary")
svg = Element("svg")
table = Element("table")
tbody = Element("tbody")
td = Element("td")
th = Element("th")
thead = Element("thead")
title = Element("title")
tr = Element("tr")
u = Element("u")
ul = Element("ul")
