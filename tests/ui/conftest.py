"""Runs as directories on disk, written through the API of `transfer.runs`, with names that try to be HTML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, LeftOut, Photo
from transfer.messages.events import EpochEnded
from transfer.processes.photo_reader import PhotoReader
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

# As a name of a folder: a tag, both quotes, an entity, mathematics, and what an SVG says of its colours and ids.
HOSTILE = """<img src=x onerror=alert(1)> "a" 'b' &amp; $\\frac{x}$ #01a001 id="x" ; font-family: y"""
VOID = {"img", "br", "input", "meta", "link", "hr"}


class Page(HTMLParser):
    """What a browser would make of some HTML; `problems` names what no page of ours may hold."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[str] = []
        self.feed(html)
        self.close()
        self.problems += [f"<{tag}> is not closed" for tag in self.open]

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def having(self, name: str) -> list[str]:
        """The values of an attribute, all over the page."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"script", "style"} or any(name.startswith("on") for name in attributes):
            self.problems.append(f"<{tag} {attributes}>")
        if tag == "img" and not attributes.get("src", "").startswith("data:image/"):
            self.problems.append(f"a picture from {attributes.get('src')}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def read(html: str) -> Page:
    """The HTML parsed, after a look at what must hold of all of it."""
    page = Page(html)
    assert not page.problems, page.problems
    ids = page.having("id")
    assert len(ids) == len(set(ids)), "an id is there twice"
    return page


def drawing(html: str) -> ElementTree.Element:
    """The one `<svg role="img">` of some HTML as a tree; its colours must be the page's."""
    svg = html[html.index("<svg") : html.rindex("</svg>") + 6]
    svg = svg[svg.index('role="img"') and svg[: svg.index('role="img"')].rindex("<svg") :]
    tree = ElementTree.fromstring(svg)
    drawn = [attribute for element in tree.iter() for attribute in element.attrib.items()]
    attributes = " ".join(value for name, value in drawn if name != "aria-label")
    assert "#01a00" not in attributes
    assert "#02b00" not in attributes
    assert "var(--t-" in attributes
    assert tree.get("aria-label") == tree.findtext("{*}title") != ""
    return tree


def words(tree: ElementTree.Element) -> list[str]:
    """The texts that are drawn."""
    return ["".join(element.itertext()).strip() for element in tree.iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PhotoReader]:
    """What makes small pictures of photos."""
    reader = PhotoReader(tmp_path_factory.mktemp("photos") / "photos.log")
    yield reader
    reader.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def new_run(workspace: Workspace, tmp_path: Path) -> Callable[..., Run]:
    """Makes a run of two or more classes that waits."""

    def make(classes: tuple[str, ...] = ("cat", "dog"), **settings: Any) -> Run:
        photos = tuple(
            Photo(f"{name}/{number}.jpg", label, split, f"{name}{number}")
            for label, name in enumerate(classes)
            for number, split in enumerate(("train", "train", "validation", "test"))
        )
        dataset = Dataset(
            root=str(tmp_path / "pets"), classes=classes, photos=photos, left_out=(LeftOut(HOSTILE, "is torn"),)
        )
        config = RunConfig.from_dict({"photos": str(tmp_path / "pets"), **settings})
        return workspace.create(config, dataset)

    return make


def epoch(run: Run, step: int, phase: str = "head", **numbers: Any) -> None:
    """One round, as a worker logs it."""
    usual = {
        "epoch": step, "loss": 1 / step, "accuracy": 1 - 0.5 / step, "val_loss": 1.1 / step,
        "val_accuracy": 0.9 - 0.4 / step, "learning_rate": 1e-3, "seconds": 0.1, "photos_per_second": 90.0,
        "memory_mb": 500.0, "partial": False, "best": True,
    }  # fmt: skip
    run.log.append(EpochEnded(phase=phase, step=step, **{**usual, **numbers}))


def measured(run: Run, **changes: Any) -> Metrics:
    """Metrics of a run whose last class is always taken for its first."""
    names = run.dataset.classes
    confusion = [[4 if row == column else 0 for column in range(len(names))] for row in range(len(names))]
    confusion[-1] = [4, *[0] * (len(names) - 1)]
    photos, right = 4 * len(names), 4 * (len(names) - 1)
    metrics = {
        "split": "test", "photos": photos, "accuracy": right / photos, "low": 0.3, "high": 0.8,
        "baseline": 1 / len(names), "baseline_class": names[0], "loss": 0.7,
        "classes": [
            {"name": name, "photos": 4, "precision": 0.5, "recall": 1.0, "f1": 0.75} for name in names
        ],
        "confusion": confusion,
        "mistakes": [
            {"path": f"{names[-1]}/3.jpg", "label": names[-1], "predicted": names[0], "confidence": 0.875}
        ],
        **changes,
    }  # fmt: skip
    run.evaluation_dir.mkdir(exist_ok=True)
    (run.evaluation_dir / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    found = run.metrics()
    assert found is not None
    return found
