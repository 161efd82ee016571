"""Networks in plain words: the card of the chosen one, and the table to compare all of them. HTML only."""

from __future__ import annotations

from html import escape
from pathlib import Path

from transfer.networks.backbones import BACKBONES, FAMILIES, RECOMMENDED, Backbone
from transfer.networks.layers import table
from transfer.networks.weights import PRETRAINED
from transfer.ui.network.drawing import in_words
from transfer.ui.network.networks import readiness
from transfer.ui.shared.panels import facts

# Clicks on a row's button are told to Python as {name: …}.
LISTEN = """
element.addEventListener('click', event => {
  const target = event.target.closest('[data-name]');
  if (target && element.contains(target)) trigger('click', {name: target.dataset.name});
});
"""

# When to look into which family, for somebody who has never heard of any of them.
FAMILY_WORDS = {
    "Comes with Transfer": "needs no download",
    "MobileNet": "small and quick, made for phones; right for most first tries",
    "EfficientNetV2": "the best answers for their size; the larger ones want a GPU",
    "ResNet": "the classics that others compare themselves with",
    "EfficientNet": "accurate and small, but slower than they look",
    "DenseNet": "good with textures",
    "Inception and Xception": "middle-sized and solid",
    "NASNet": "designed by a computer; rarely the best choice today",
    "ConvNeXt": "modern and very accurate; want a GPU",
    "VGG": "the oldest and simplest; slow",
}


def choices() -> list[tuple[str, str]]:
    """All networks for a dropdown, in their families, with what it takes to use them."""
    recommended = {RECOMMENDED: ", recommended"}
    return [(f"{name} · {readiness(record)}{recommended.get(name, '')}", name) for name, record in BACKBONES.items()]


def widths(record: Backbone, image_size: int | None) -> list[tuple[str, float]]:
    """The widths a network comes in, with what it takes to use them."""
    return [(f"{alpha:g} · {readiness(record, alpha, image_size)}", alpha) for alpha in record.alphas]


def card(record: Backbone, alpha: float, image_size: int | None, weights: str, layers: int) -> str:
    """The chosen network: when to choose it, how good and how big it is, and whether it is ready."""
    state = readiness(record, alpha, image_size) if alpha in record.alphas else "does not come in this width"
    if weights == "random":
        state = "starts from nothing"
    elif weights not in PRETRAINED:
        state = "uses your weights file"
    badge = f'<span class="t-badge {"t-good" if state == "ready" else "t-warning"}">{escape(state)}</span>'
    size = image_size or record.image_size
    pairs = [
        (in_words(table(record.name)["total"].get(f"{alpha:g}")), "parameters"),
        (f"{layers}", "layers"),
        (f"{size} × {size}", "pixels of each photo"),
    ]
    if record.top1 is not None:
        pairs.insert(0, (f"{record.top1:.0%}", "right among 1,000 things" + (" at width 1" if alpha != 1 else "")))
    return (
        f'<div class="t-network"><p><b>{escape(record.name)}</b> {badge}</p>'
        f"<p>{escape(record.advice)}</p>{facts(pairs)}</div>"
    )


def custom_card(path: str, layers: int, image_size: int | None) -> str:
    """A network of one's own."""
    size = f"{image_size} × {image_size}" if image_size else "any size"
    return (
        f'<div class="t-network"><p><b>{escape(Path(path).name)}</b> <span class="t-badge t-good">ready</span></p>'
        "<p>Your own network. Its last layers, the old answer, are replaced by new ones.</p>"
        f"{facts([(str(layers), 'layers'), (size, 'pixels of each photo')])}</div>"
    )


def comparison() -> str:
    """Every network in its family, to be chosen with a click."""
    groups = ""
    for family, records in FAMILIES.items():
        rows = "".join(
            f'<tr><th scope="row"><button type="button" data-name="{record.name}">{record.name}</button></th>'
            f"<td>{f'{record.top1:.0%}' if record.top1 else '–'}</td><td>{record.download_mb:.0f} MB</td>"
            f"<td>{record.image_size} px</td>"
            f"<td>{_badge(readiness(record))}</td><td>{escape(record.advice)}</td></tr>"
            for record in records
        )
        groups += (
            f'<tbody><tr class="t-family"><th colspan="6" scope="rowgroup">{escape(family)}'
            f"<span>{escape(FAMILY_WORDS.get(family, ''))}</span></th></tr>{rows}</tbody>"
        )
    return (
        '<div class="t-scroll t-tall"><table class="t-table t-plain t-networks"><thead><tr><th>network</th>'
        '<th title="photos named right among 1,000 things (ImageNet)">accuracy</th><th>size</th><th>photos</th>'
        f"<th>on this computer</th><th>when to choose it</th></tr></thead>{groups}</table></div>"
    )


def _badge(state: str) -> str:
    if state.startswith("ready"):
        return f'<span class="t-badge t-good">{escape(state)}</span>'
    return '<span class="t-muted">needs a download</span>'
