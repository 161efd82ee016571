"""A part of the network tab where something is measured for the chosen network on the photos, and taken over by one
click: how deep to fine-tune, and the learning rates.

Nothing is measured here: the study directory is made here and read here. Shown is the newest study of these photos and
this network, so a reload, a second browser or a restarted app shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.advice.measured import counts_for
from transfer.commands import findings
from transfer.commands.desk import Desk
from transfer.commands.findings import SettingFindings
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.drawing import html
from transfer.drawing.panels import panel
from transfer.errors import TransferError
from transfer.messages.events import Noticed
from transfer.runs.progress import study_progress
from transfer.runs.study import Study
from transfer.ui.network import depth, rates, study_card
from transfer.ui.network.study_card import StudyCard
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared.events import QUIET, follow
from transfer.ui.shared.form import Field


@dataclass(frozen=True)
class Kind:
    """Something that can be measured.

    Attributes:
        name: as in `runs.study.KINDS`.
        what: it is good for, in a sentence.
        find, use: what the buttons say.
        show: what was measured, beside the settings of the form.
        changes: the settings that taking it over may change.
    """

    name: str
    what: str
    find: str
    use: str
    show: Callable[[SettingFindings, RunConfig], Markup]
    changes: tuple[str, ...]


DEPTH = Kind(
    "depth",
    "Compares the new layers alone, the last block and the last two blocks on up to 100 photos of each class.",
    "Measure how deep on my photos",
    "Use this depth",
    depth.show,
    findings.DEPTH,
)
RATES = Kind(
    "learning_rate",
    "Lets the learning rate grow while it trains on up to 100 photos of each class, to see where the loss falls.",
    "Find the learning rates",
    "Use these rates",
    rates.show,
    tuple(findings.RATES.values()),
)


@dataclass(frozen=True)
class Measuring:
    """A card and what it measures."""

    kind: Kind
    card: StudyCard

    @property
    def screen(self) -> list[Any]:
        """Outputs for `look`."""
        return [self.card.seen, self.card.timer, self.card.find, self.card.state]


def build(kind: Kind) -> Measuring:
    """The components, where the page is at."""
    name = kind.name
    ids = (f"find-{name}", f"stop-{name}", f"use-{name}", f"trouble-{name}", f"measured-{name}")
    return Measuring(kind, study_card.build(kind.what, kind.find, kind.use, ids))


def newest(desk: Desk, kind: str, folder: str, dataset: Dataset | None, config: RunConfig) -> Study | None:
    """The study to be shown: one that is being made, or else the newest that counts for these photos and settings."""
    studies = [each for each in desk.studies.all() if each.config.kind == kind and each.config.run.photos == folder]
    alive = next((each for each in studies if not each.status().over), None)
    if alive is not None or not folder:
        return alive
    same = (each for each in studies if dataset is None or each.fingerprint == dataset.fingerprint)
    return next((each for each in same if counts_for(kind, config, each.config.run)), None)


def wire(
    desk: Desk, part: Measuring, tab: gr.Tab, photos: PhotosTab, fields: dict[str, Field], settings: gr.BrowserState
) -> None:
    """The buttons, and what is looked at while a study is made; `settings` are the values of the fields."""
    kind, card = part.kind, part.card

    def chosen(folder: str, dataset: Dataset | None, given: dict[str, Any]) -> tuple[Study | None, RunConfig]:
        config = RunConfig.from_dict(given)
        return newest(desk, kind.name, folder, dataset, config), config

    def look(folder: str, dataset: Dataset | None, last_seen: Any, given: dict[str, Any]) -> list[Any]:
        """The screen for the study to be shown; nothing at all when nothing changed since the last look."""
        try:
            study, config = chosen(folder, dataset, given)
        except TransferError:  # of the settings, said elsewhere
            return [gr.skip()] * len(part.screen)
        version = (study.version() if study else folder, [getattr(config, name) for name in kind.changes])
        if version == last_seen:
            return [gr.skip()] * len(part.screen)
        if study is None:
            return [version, gr.Timer(active=False), gr.Button(interactive=True), ""]
        over = study.status().over
        state = html.div("t-advice")[standing(study), kind.show(SettingFindings.of(study), config)]
        return [version, gr.Timer(active=not over), gr.Button(interactive=over), state]

    def begin(folder: str, given: dict[str, Any]) -> Iterator[Markup]:
        yield from study_card.begin(desk, {**given, "photos": folder}, kind.name)

    def end(folder: str, dataset: Dataset | None, given: dict[str, Any]) -> Markup:
        study, _ = chosen(folder, dataset, given)
        if study is not None:
            desk.studies.stop(study.id)
        return html.NOTHING

    def use(folder: str, dataset: Dataset | None, given: dict[str, Any]) -> list[Any]:
        study, _ = chosen(folder, dataset, given)
        changed = SettingFindings.of(study).settings() if study else {}
        return [changed.get(name, gr.skip()) for name in kind.changes]

    about = [photos.folder, photos.dataset, settings]
    looked = [photos.folder, photos.dataset, card.seen, settings]
    begun = card.find.click(begin, [photos.folder, settings], card.trouble, **QUIET)
    ended = card.stop.click(end, about, card.trouble, **QUIET)
    for asked in (begun, ended):
        asked.then(look, looked, part.screen, **QUIET)
    follow(
        [card.timer.tick, photos.folder.change, photos.dataset.change, tab.select, settings.change],
        look,
        looked,
        part.screen,
        **QUIET,
    )
    card.use.click(use, about, [fields[name] for name in kind.changes], **QUIET)


def standing(study: Study) -> Markup:
    """How far a study is, or how it ended where that was not well; nothing where it ended well."""
    status, now = study.status(), study_progress(study)
    if status.state == "stopped":
        return panel("info", "Stopped.", status.message)
    if status.state == "finished":
        return html.join(panel("info", noticed.title, noticed.message) for noticed in study.log.all(Noticed))
    kept = "what the network said about your photos is kept."
    return study_card.standing(study, now, "Measured", str(now.total), kept)
