"""Networks in plain words: the card of the chosen one, and the table to compare all of them."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from transfer.drawing import html
from transfer.drawing.panels import facts, scrolled
from transfer.drawing.quantities import readable
from transfer.networks.backbones import BACKBONES, FAMILIES, RECOMMENDED, Backbone
from transfer.networks.layers import table
from transfer.networks.packages import PACKAGES
from transfer.networks.weights import PRETRAINED, readiness

# When to look into which family, for somebody who has never heard of any of them.
WHEN_TO_CHOOSE = {
    "EfficientNet-Lite": "small, quick, and installed like a program; the first comes with Transfer",
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


def card(record: Backbone, alpha: float, image_size: int | None, weights: str, layers: int) -> Markup:
    """The chosen network: when to choose it, how good and how big it is, and whether it is ready."""
    state = readiness(record, alpha, image_size) if alpha in record.alphas else "does not come in this width"
    if weights == "random":
        state = "starts from nothing"
    elif weights not in PRETRAINED:
        state = "uses your weights file"
    size = image_size or record.image_size
    pairs = [
        (readable(table(record.name)["total"].get(f"{alpha:g}")), "parameters"),
        (f"{layers}", "layers"),
        (f"{size} × {size}", "pixels of each photo"),
    ]
    if record.top1 is not None:
        pairs.insert(0, (f"{record.top1:.0%}", "right among 1,000 things" + (" at width 1" if alpha != 1 else "")))
    return _card(record.name, _badge("good" if state == "ready" else "warning", state), record.advice, pairs)


def custom_card(path: str, layers: int, image_size: int | None) -> Markup:
    """A custom network."""
    size = f"{image_size} × {image_size}" if image_size else "any size"
    advice = "Your own network. Its last layers, the old answer, are replaced by new ones."
    return _card(
        Path(path).name, _badge("good", "ready"), advice, [(str(layers), "layers"), (size, "pixels of each photo")]
    )


def comparison() -> Markup:
    """Every network in its family, to be chosen with a click."""
    accuracy = html.th(title="photos named right among 1,000 things (ImageNet)")["accuracy"]
    others = (html.th[name] for name in ("size", "photos", "on this computer", "when to choose it"))
    heads = html.thead[html.tr[html.th["network"], accuracy, others]]
    families = (
        html.tbody[
            html.tr("t-family")[
                html.th(colspan=6, scope="rowgroup")[family, html.span[WHEN_TO_CHOOSE.get(family, "")]]
            ],
            (_row(record) for record in records),
        ]
        for family, records in FAMILIES.items()
    )
    return scrolled(html.table("t-table t-plain t-cards t-networks")[heads, families], "t-tall")


def _row(record: Backbone) -> Markup:
    state = readiness(record)
    ready = state.startswith("ready")
    # The size of a download has a column of its own.
    lacking = html.code[state.removeprefix("needs ")] if record.name in PACKAGES else "needs a download"
    return html.tr[
        html.th(scope="row")[html.button(type="button", data_name=record.name)[record.name]],
        html.td(data_label="accuracy")[f"{record.top1:.0%}" if record.top1 else "–"],
        html.td(data_label="size")[f"{record.download_mb:.0f} MB"],
        html.td(data_label="photos")[f"{record.image_size} px"],
        html.td(data_label="on this computer")[_badge("good", state) if ready else html.span("t-muted")[lacking]],
        html.td[record.advice],
    ]


def _card(name: str, badge: Markup, advice: str, pairs: list[tuple[str, str]]) -> Markup:
    return html.div("t-network")[html.p[html.b[name], " ", badge], html.p[advice], facts(pairs)]


def _badge(level: str, state: str) -> Markup:
    return html.span(f"t-badge t-{level}")[state]
