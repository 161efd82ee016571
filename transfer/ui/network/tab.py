"""The network to start from, how much of it stays frozen, and how it is trained.

Every setting is a component made by `form`; here they are placed, remembered and commented on. Choosing a network is
in `chooser`, finding the best one in `advisor`, freezing in `freezing`, and what is measured for the chosen network in
`measuring`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from transfer.advice.settings import advice_on_settings
from transfer.commands.settings import counted
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.drawing import html
from transfer.drawing.panels import error_panel, lead, muted, notices, picture
from transfer.errors import TransferError
from transfer.networks.default import default_backbone
from transfer.ui.context import Context
from transfer.ui.network import advisor, chooser, freezing, measuring
from transfer.ui.network.measuring import Measuring
from transfer.ui.photos.tab import PhotosTab
from transfer.ui.shared import form, steps
from transfer.ui.shared.events import QUICK, QUIET, follow
from transfer.ui.shared.form import Field

PREVIEWED = 3  # photos shown with variations
# Fine-tuning has settings while any layer is unfrozen.
FINE_TUNES = "frozen => Array(2).fill({__type__: 'update', interactive: frozen !== null})"
KNOWLEDGE = [
    ("imagenet: 1.3 million photos of a thousand things", "imagenet"),
    ("random: nothing at all", "random"),
]


@dataclass(frozen=True)
class NetworkTab:
    """What other tabs need of this one.

    Attributes:
        fields: a component per RunConfig field except `photos`, in the order of `form.FIELDS`.
        settings: their values by name, as `RunConfig.from_dict` takes them. Whoever follows the settings follows this,
            one thing: what a listener takes is looked for in the whole page, each of it.
        go: buttons that lead to other tabs.
    """

    fields: dict[str, Field]
    settings: gr.BrowserState
    go: dict[str, gr.Button] = field(default_factory=dict)


def network_tab(context: Context, photos: PhotosTab, settings: gr.BrowserState) -> NetworkTab:
    """The tab, inside the `gr.Tabs` that is open; the browser remembers the settings."""
    networks = context.desk.networks
    made: dict[str, Field] = {}

    def setting(name: str, **presentation: Any) -> Field:
        made[name] = form.component(name, **presentation)
        return made[name]

    with steps.tab("network") as tab:
        gr.HTML(lead("Choose the network to start from. What is set here is a good start: you can go straight on."))
        with gr.Column(elem_classes="t-card"):
            choosing = chooser.build(setting)
        with gr.Column(elem_classes="t-card"):
            advising = advisor.build()
        with gr.Column(elem_classes="t-card"):
            frozen = freezing.build(setting)
            depth = measuring.build(measuring.DEPTH)
        with gr.Column(elem_classes="t-card"):
            preview, rates = _learning(setting)
        notes = gr.HTML(elem_id="network-notes")
        with gr.Row(elem_classes="t-end"):
            following = gr.Button("Next: train", variant="primary", elem_id="next-train")
    fields = {name: made[name] for name in form.FIELDS}
    values = list(fields.values())

    # ------------------------------------------------------------------ what follows from the settings

    def show(name: str, alpha: Any, size: int | None, knows: str) -> Iterator[Markup]:
        yield from chooser.show(networks, name, alpha, size, knows)

    def resize(name: str, alpha: Any, layers: int | None) -> list[Any]:
        return freezing.resize(networks, name, alpha, layers)

    def comment(dataset: Dataset | None, given: dict[str, Any]) -> list[Any]:
        """Advice on the settings, and what is missing for them."""
        try:
            config = RunConfig.from_dict(given)
            if (layers := freezing.known(networks, config.backbone, config.alpha)) is not None:
                config = counted(config, len(layers))  # as it would be trained
        except TransferError as error:
            return [error_panel(error), *[gr.skip()] * len(choosing.trouble)]
        measured = context.desk.studies.measurements(dataset) if dataset is not None else []
        said = notices(advice_on_settings(config, dataset, measured))
        return [said, *chooser.whats_missing(config)]

    def restore(kept: dict[str, Any]) -> list[Any]:
        """The settings of the last visit; what cannot be used any more falls back to the default."""
        defaults = RunConfig(backbone=default_backbone()).to_dict()
        return [kept.get(name, defaults[name]) for name in form.FIELDS]

    network = [fields[name] for name in ("backbone", "alpha", "image_size", "weights")]
    sized = [*network[:2], fields["frozen_layers"]]
    restored = context.page().load(restore, settings, values, **QUICK)
    gr.on([component.change for component in values], None, values, settings, js=form.NAMED, **QUICK)
    restored.then(None, values, settings, js=form.NAMED, **QUICK)  # what an earlier version kept may be none
    follow([network[0].change], chooser.widths, network[:3], network[1:3], **QUICK)
    shown = follow([c.change for c in network], show, network, choosing.card, **QUIET)
    shown.then(resize, sized, frozen.resized, **QUICK)
    restored.then(chooser.widths, network[:3], network[1:3], **QUICK)
    restored.then(show, network, choosing.card, **QUIET).then(resize, sized, frozen.resized, **QUICK)
    follow(
        [settings.change, photos.dataset.change, tab.select],
        comment,
        [photos.dataset, settings],
        [notes, *choosing.trouble],
        **QUIET,
    )
    follow(
        [fields["augmentation"].change, photos.dataset.change],
        lambda dataset, strength: preview_of(dataset, strength, context.desk.photos.preview),
        [photos.dataset, fields["augmentation"]],
        preview,
        **QUIET,
    )
    tuning = [fields["fine_tune_epochs"], fields["fine_tune_learning_rate"]]
    fields["frozen_layers"].change(None, fields["frozen_layers"], tuning, js=FINE_TUNES, **QUICK)
    chooser.wire(networks, choosing, fields)
    advisor.wire(context.desk, advising, tab, photos, fields)
    freezing.wire(networks, frozen, network[:2])
    for part in (depth, rates):
        measuring.wire(context.desk, part, tab, photos, fields, settings)
    return NetworkTab(fields, settings, {"train": following})


def _learning(setting: Callable[..., Field]) -> tuple[gr.HTML, Measuring]:
    """How long and how fast it learns, and everything else behind "More options"; returns the preview's place and the
    part where learning rates are found."""
    gr.HTML(html.h3["How it learns"])
    with gr.Row():
        setting("head_epochs")
        setting("head_learning_rate")
    with gr.Row():
        setting("fine_tune_epochs", interactive=False)
        setting("fine_tune_learning_rate", interactive=False)
    rates = measuring.build(measuring.RATES)
    setting("name")
    with gr.Accordion("More options", open=False, elem_id="more-options"):
        with gr.Row():
            setting("augmentation")
            setting("augmentation_views")
        preview = gr.HTML(elem_id="augmentation-preview")
        with gr.Row():
            setting("weights", kind=gr.Dropdown, choices=KNOWLEDGE, allow_custom_value=True)
            setting("image_size")
        with gr.Row():
            setting("refinement")
            setting("feature_depths")
        with gr.Row():
            setting("mirrored_views")
            setting("penalty")
        with gr.Row():
            setting("class_weights")
            setting("early_stopping_patience")
        with gr.Row():
            setting("batch_size")
            setting("seed")
        setting("split_by")
        with gr.Row():
            setting("optimizer")
            setting("schedule")
        setting("pooling")
        with gr.Row():
            setting("hidden_units")
            setting("dropout")
    return preview, rates


def preview_of(dataset: Dataset | None, strength: str, preview: Callable[[Sequence[Path], str], str | None]) -> Markup:
    """A few of the user's own photos, each with variations as the network will see them."""
    if strength == "off":
        return html.NOTHING
    if dataset is None:
        return muted(f"Check your photos in {steps.step('photos')} to see here what they will look like.")
    train = dataset.of("train")
    paths = [dataset.path(photo) for photo in train[:: max(1, len(train) // PREVIEWED)][:PREVIEWED]]
    return picture(preview(paths, strength), "Your photos, varied", "t-preview")
