"""The part of the network tab where the networks that are ready are measured on the photos, and one is recommended.

Nothing is measured here: the study directory is made here and read here. The screen shows the newest study of the
folder that is chosen, so a reload, a second browser or a restarted app shows the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.commands.desk import Desk
from transfer.commands.findings import Findings
from transfer.errors import TransferError
from transfer.messages.events import NetworkMeasured
from transfer.networks.candidates import Candidate
from transfer.runs.study import Study
from transfer.ui.network import findings
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import html
from transfer.ui.shared.checking import Watched
from transfer.ui.shared.events import LISTEN, QUIET
from transfer.ui.shared.form import Field
from transfer.ui.shared.panels import checking_bar, error_panel, muted

BEAT = 1.0  # seconds between two looks at a study that is alive
CHOICE = ("backbone", "alpha", "image_size", "weights")  # what a network is chosen by


@dataclass(frozen=True)
class Advisor:
    """The components of this part."""

    find: gr.Button
    stop: gr.Button
    use: gr.Button
    trouble: gr.HTML
    state: gr.HTML
    seen: gr.State
    timer: gr.Timer

    @property
    def screen(self) -> list[Any]:
        """Outputs for `look`."""
        return [self.seen, self.timer, self.find, self.use, self.state]


def build() -> Advisor:
    """The components, where the page is at."""
    gr.HTML(html.h3["Not sure? Let your photos decide"])
    what = "Tries every network that is ready on up to 100 photos of each class, and says which to take and why."
    gr.HTML(muted(what))
    with gr.Row(elem_classes="t-buttons"):
        find = gr.Button("Find the best network for my photos", elem_id="find-network")
        # style.css shows these two while something is being measured, and once something was: a button that is told to
        # go away and, an instant later, to appear may do either.
        stop = gr.Button("Stop", variant="stop", elem_id="stop-finding")
        use = gr.Button("Use this network", variant="primary", elem_id="use-network")
    trouble = gr.HTML(elem_id="advice-trouble")
    state = gr.HTML(elem_id="advice", js_on_load=LISTEN)
    return Advisor(find, stop, use, trouble, state, gr.State(None), gr.Timer(BEAT, active=False))


def newest(desk: Desk, folder: str) -> Study | None:
    """The study that the page shows for a folder."""
    found = (study for study in desk.studies() if study.config.kind == "networks")
    return next((study for study in found if folder and study.config.run.photos == folder), None)


def wire(desk: Desk, part: Advisor, tab: gr.Tab, photos: PhotosTab, fields: dict[str, Field]) -> None:
    """The buttons, and what is looked at while a study is made."""

    def look(folder: str, last_seen: Any) -> list[Any]:
        """The screen for the newest study of the folder; nothing at all when nothing changed since the last look."""
        study = newest(desk, folder)
        version = study.version() if study else ("", folder)
        if version == last_seen:
            return [gr.skip()] * len(part.screen)
        if study is None:
            return [version, gr.Timer(active=False), gr.Button(interactive=True), gr.skip(), ""]
        status, found = study.status(), Findings.of(study)
        return [
            version,
            gr.Timer(active=not status.over),
            gr.Button(interactive=status.over),
            gr.Button(f"Use {found.recommended.network.step}") if found.recommended else gr.skip(),
            findings.state(study, found),
        ]

    def begin(folder: str, seed: Any) -> Iterator[Markup]:
        yield checking_bar("Getting ready.")
        try:
            making = Watched(lambda tell: desk.advise({"photos": folder, "seed": seed}, progress=tell))
            for done in making.watch():
                yield checking_bar("Checking your photos once more.", done)
        except TransferError as error:
            yield error_panel(error)
            return
        yield html.NOTHING

    def end(folder: str) -> Markup:
        study = newest(desk, folder)
        if study is not None:
            desk.stop_study(study.id)
        return html.NOTHING

    def use(folder: str) -> list[Any]:
        study = newest(desk, folder)
        found = Findings.of(study).recommended if study else None
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
        asked.then(look, looked, part.screen, **QUIET)
    gr.on([part.timer.tick, photos.folder.change, tab.select], look, looked, part.screen, **QUIET)
    part.use.click(use, photos.folder, chosen, **QUIET)
    part.state.click(pick, photos.folder, chosen, **QUIET)


def _chosen(network: NetworkMeasured | None) -> list[Any]:
    """Updates for the settings by which a network is chosen."""
    if network is None:
        return [gr.skip()] * len(CHOICE)
    settings = Candidate(network.backbone, network.alpha, network.image_size).settings
    return [settings[name] for name in CHOICE]
