"""The part of the network tab where the networks that are ready are measured on the photos, and one is recommended.

Nothing is measured here: the study directory is made here and read here. The screen shows the newest study of the
folder that is chosen, so a reload, a second browser or a restarted app shows the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.commands.findings import NetworkFindings
from transfer.drawing import html
from transfer.messages.measurements import NetworkMeasured
from transfer.networks.candidates import Candidate
from transfer.runs.study import Study
from transfer.ui.network import findings, study_card
from transfer.ui.network.study_card import StudyCard
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared.events import LISTEN, QUIET, follow
from transfer.ui.shared.form import Field

CHOICE = ("backbone", "alpha", "image_size", "weights")  # what a network is chosen by


def build() -> StudyCard:
    """The components, where the page is at."""
    gr.HTML(html.h3["Not sure? Let your photos decide"])
    what = "Tries every network that is ready on up to 100 photos of each class, and says which to take and why."
    ids = ("find-network", "stop-finding", "use-network", "advice-trouble", "advice")
    return study_card.build(what, "Find the best network for my photos", "Use this network", ids, js_on_load=LISTEN)


def newest(desk: Desk, folder: str) -> Study | None:
    """The study that the page shows for a folder."""
    found = (study for study in desk.studies.all() if study.config.kind == "networks")
    return next((study for study in found if folder and study.config.run.photos == folder), None)


def wire(desk: Desk, part: StudyCard, tab: gr.Tab, photos: PhotosTab, fields: dict[str, Field]) -> None:
    """The buttons, and what is looked at while a study is made."""
    screen = [part.seen, part.timer, part.find, part.use, part.state]

    def look(folder: str, last_seen: Any) -> list[Any]:
        """The screen for the newest study of the folder; nothing at all when nothing changed since the last look."""
        study = newest(desk, folder)
        version = study.version() if study else ("", folder)
        if version == last_seen:
            return [gr.skip()] * len(screen)
        if study is None:
            return [version, gr.Timer(active=False), gr.Button(interactive=True), gr.skip(), ""]
        status, found = study.status(), NetworkFindings.of(study)
        return [
            version,
            gr.Timer(active=not status.over),
            gr.Button(interactive=status.over),
            gr.Button(f"Use {found.recommended.network.step}") if found.recommended else gr.skip(),
            findings.state(study, found),
        ]

    def begin(folder: str, seed: Any) -> Iterator[Markup]:
        yield from study_card.begin(desk, {"photos": folder, "seed": seed}, "networks")

    def end(folder: str) -> Markup:
        study = newest(desk, folder)
        if study is not None:
            desk.studies.stop(study.id)
        return html.NOTHING

    def use(folder: str) -> list[Any]:
        study = newest(desk, folder)
        found = NetworkFindings.of(study).recommended if study else None
        return _chosen(found.network if found else None)

    def pick(folder: str, event: gr.EventData) -> list[Any]:
        study, name = newest(desk, folder), getattr(event, "network", "")
        measured = study.log.all(NetworkMeasured) if study else []
        return _chosen(next((each for each in measured if each.step == name), None))

    looked = [photos.folder, part.seen]
    chosen = [fields[name] for name in CHOICE]
    begun = part.find.click(begin, [photos.folder, fields["seed"]], part.trouble, **QUIET)
    ended = part.stop.click(end, photos.folder, part.trouble, **QUIET)
    for asked in (begun, ended):
        asked.then(look, looked, screen, **QUIET)
    follow([part.timer.tick, photos.folder.change, tab.select], look, looked, screen, **QUIET)
    part.use.click(use, photos.folder, chosen, **QUIET)
    part.state.click(pick, photos.folder, chosen, **QUIET)


def _chosen(network: NetworkMeasured | None) -> list[Any]:
    """Updates for the settings by which a network is chosen."""
    if network is None:
        return [gr.skip()] * len(CHOICE)
    settings = Candidate(network.backbone, network.alpha, network.image_size).settings
    return [settings[name] for name in CHOICE]
