"""The model card (README.md) and requirements.txt of an export, as text.

Written for people who open the zip without Transfer. Nothing here touches a model, nor writes a file.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import transfer
from transfer.dataset.corrections import in_words as corrections_in_words
from transfer.dataset.dataset import Dataset
from transfer.formats import Format
from transfer.learning.analysis.trust import Trust
from transfer.runs.changes import in_words
from transfer.runs.exported import Parity
from transfer.runs.loading import Loading
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run


def requirements(kind: Format) -> str:
    """The text of requirements.txt, with the versions the model was made and checked with as lower bounds."""
    heic = f"{_requirement('pillow-heif')}  # only for HEIC photos"
    return "\n".join([*map(_requirement, (*kind.needs, "numpy", "pillow")), heic]) + "\n"


def card(kind: Format, run: Run, image_size: int, parity: Parity, trust: Trust | None = None) -> str:
    """The text of README.md: what the model is, how good it is, and how to use it rightly.

    Args:
        trust: what is in the export's trust.npz.
    """
    config, dataset = run.config, run.dataset
    limits = _limits(trust)
    return "\n".join(
        [
            f"# {run.name}",
            "",
            f"An image classifier for {len(dataset.classes)} classes, made with Transfer; {kind.title} format, "
            f"for {kind.good_for}",
            "",
            "```",
            *kind.use,
            "```",
            "",
            "## How good it is",
            "",
            _accuracy(run.metrics()),
            "",
            *limits,
            "",
            "## What it learned from",
            "",
            _counts(dataset),
            "",
            *_corrections(dataset),
            f"Fingerprint of the photos: `{dataset.fingerprint}`",
            "",
            "## What it expects and gives",
            "",
            f"- In: {kind.takes}, shape (1, {image_size}, {image_size}, 3), RGB, values 0 to 255. Preprocessing is "
            "inside.",
            f"- Out: {kind.takes}, shape (1, {len(dataset.classes)}), one probability per line of labels.txt"
            + (", 255 for 1." if kind.takes == "uint8" else "."),
            "- Photos are opened as photo.py does it: turned upright (EXIF), transparency on white, 16 bits brought "
            f"to 8, then the whole photo squashed to {image_size} × {image_size} pixels (bilinear, antialiased). "
            "JPEG files may be decoded smaller first. Other ways of resizing give slightly other answers.",
            *_loading(run),
            "",
            "## Size and speed",
            "",
            *_figures(parity),
            "",
            "## How it was made",
            "",
            "| setting | value |",
            "|---|---|",
            *(
                f"| {key} | {_plain(value)} |"
                for key, value in config.to_dict().items()
                if key not in {"photos", "name"}
            ),
            "",
            *_changes(run),
            _made_by(kind),
            "",
            "## Licences",
            "",
            "The files photo.py and predict.py: Apache-2.0. The model itself follows from your photos and from the "
            f"pretrained weights ({_plain(config.weights)}): their licences decide what you may do with it. "
            "Weights called “imagenet” were learned from ImageNet, whose photos are for research.",
            "",
        ]
    )


def _limits(trust: Trust | None) -> list[str]:
    """What it cannot know."""
    lines = [
        "It only knows these classes and will name one of them for any photo, however different from those it "
        "learned from."
    ]
    if trust is not None:
        lines += [
            "",
            "predict.py also says which classes a photo may be: 9 of 10 times the right one is among them (split "
            "conformal sets at 90 %, trust.npz).",
        ]
    if trust is not None and trust.width:
        lines += [
            "It says that a photo may be nothing that it has learned, by how unsure it is and by the distance from "
            f"{len(trust.features)} training photos, whose features are in trust.npz, without their names. That "
            "notices most photos of other things, not all, and wrongly refuses about 5 of 100 of the right kind. "
            "Whoever must not get those features should get the zip without that file; the rest works without it.",
        ]
    return lines


def _figures(parity: Parity) -> list[str]:
    """Size, speed and the proof, a line each; without what was not measured."""
    lines = [] if parity.model_megabytes is None else [f"- {parity.model_megabytes:.1f} MB"]
    if parity.milliseconds_per_photo is None:
        lines.append("- speed not measured")
    else:
        lines.append(
            f"- {parity.milliseconds_per_photo:.0f} milliseconds per photo, reading the file included, on a processor "
            f"({parity.machine})"
        )
    if parity.steady_milliseconds is not None:
        lines.append(
            f"- {parity.steady_milliseconds:.1f} milliseconds for the network alone, one photo at a time; "
            f"{parity.first_milliseconds:.0f} for the first photo"
        )
    lines.append(
        f"- Checked on {parity.photos} photos against the app: greatest difference of a probability "
        f"{parity.max_difference:.1g} (parity.json)"
    )
    if parity.agreement is not None:
        lines.append(
            f"- The same class as the app on {parity.agreement:.1%} of these photos; right on {parity.accuracy:.1%}, "
            f"the app on {parity.app_accuracy:.1%}"
        )
    return [*lines, *([f"- **{parity.mark}**"] if parity.mark else [])]


def _made_by(kind: Format) -> str:
    """What the model was made and checked with, for those who wonder years later."""
    packages = dict.fromkeys(("tensorflow", "keras", *kind.needs, *(kind.extra.modules if kind.extra else ())))
    here = [f"{name} {number}" for name in packages if (number := _version(name))]
    return f"Made by Transfer {transfer.__version__} with Python {sys.version.split()[0]}, {', '.join(here)}."


def _loading(run: Run) -> list[str]:
    """How often the answer changes with other ways of loading, where that was measured."""
    loading = Loading.read(run.evaluation_dir)
    return [f"- {loading.in_words()}"] if loading and loading.photos else []


def _changes(run: Run) -> list[str]:
    """What was changed while it trained, a line each."""
    changes = [f"- {in_words(change)}" for change in run.changes()]
    return ["Changed while it trained:", "", *changes, ""] if changes else []


def _requirement(package: str) -> str:
    number = _version(package)
    return f"{package}>={number}" if number else package


def _version(package: str) -> str:
    """Of an installed package; "" of one that runs the model elsewhere and was not needed to make it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _accuracy(metrics: Metrics | None) -> str:
    if metrics is None:
        return "Not measured: there were no photos to measure with."
    where = (
        "photos it had never seen (test split)"
        if metrics.split == "test"
        else "validation photos. These also chose the best round, so the figure is a little too good; "
        "there were no test photos"
    )
    return (
        f"Right on **{metrics.accuracy:.1%}** of {metrics.photos} {where}. "
        f"95 % interval: {metrics.low:.1%} to {metrics.high:.1%}. "
        f"Always guessing “{metrics.baseline_class}” would be right on {metrics.baseline:.1%}."
    )


def _counts(dataset: Dataset) -> str:
    table = dataset.counts()
    rows = [
        f"| {str(name).replace('|', '&#124;')} | {' | '.join(str(number) for number in row)} |"
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    return "\n".join(["| class | training | validation | test | together |", "|---|---|---|---|---|", *rows])


def _corrections(dataset: Dataset) -> list[str]:
    made = dataset.corrections
    return [f"Labels were corrected by hand, {corrections_in_words(made)}.", ""] if made else []


def _plain(value: Any) -> str:
    if isinstance(value, str) and ("/" in value or "\\" in value):
        return Path(value).name  # where it lay on the machine is nobody's business
    return "" if value is None else str(value)
