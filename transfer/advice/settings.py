"""The known mistakes of transfer learning, seen coming before training and said in plain words.

Pure functions over what was chosen: nothing is stored, so old runs profit from better advice. The thresholds are rules
of thumb. What can only be seen from the curves is in `curves`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transfer.advice.measured import Measurement, advice_on_measurements, measured_depths, measured_rate
from transfer.advice.notice import Notice
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.networks.backbones import BACKBONES
from transfer.networks.layers import blocks, layers, trainable_parameters

if TYPE_CHECKING:
    import pandas as pd

# Learning rates that make sense for an optimizer: (suspiciously low, suspiciously high).
HEAD_RATES = {"sgd": (1e-4, 0.3)}
HEAD_RATES_DEFAULT = (1e-5, 1e-2)
FINE_TUNE_RATES = {"sgd": (1e-6, 1e-2)}
FINE_TUNE_RATES_DEFAULT = (1e-7, 5e-4)

FEW_PHOTOS = 20  # training photos of a class below which results are a matter of luck
PARAMETERS_PER_PHOTO = 20_000  # more unfrozen parameters per training photo than this are learned by heart
SAFE_PARAMETERS_PER_PHOTO = 5_000


def advice_on_settings(
    config: RunConfig, dataset: Dataset | None = None, measurements: Sequence[Measurement] = ()
) -> list[Notice]:
    """What the settings (and the photos, once checked) give reason to say, and what was measured on these photos.

    What was measured takes the place of the rule of thumb about the same thing.
    """
    notices = advice_on_measurements(config, measurements) + _rates(config, measurements)
    if config.weights == "random":
        notices.append(
            Notice(
                "info",
                "This network starts from nothing.",
                "With random weights nothing is transferred: a fair baseline, but expect far less from it.",
                "Choose the weights “imagenet” for transfer learning.",
            )
        )
    if config.fine_tunes and config.head_epochs == 0:
        notices.append(
            Notice(
                "warning",
                "Fine-tuning would start with an untrained head.",
                "Its first, wild corrections spoil what the network knows.",
                "Give the new layers a few rounds of their own first.",
            )
        )
    if config.augmentation != "off" and config.augmentation_views == 0:
        kept = RunConfig().augmentation_views
        notices.append(
            Notice(
                "warning",
                "Every round will run the whole network on every photo.",
                "With new variations in every round (0 views) nothing that frozen layers say of them is remembered, "
                f"and there may be {config.total_epochs} rounds.",
                f"Set “Variations of each photo” to {kept}, or give it fewer rounds.",
            )
        )
    if dataset is not None:
        notices += _photos(config, dataset)
        if not measured_depths(config, measurements):
            notices += _capacity(config, dataset)
    return notices


def _rates(config: RunConfig, measurements: Sequence[Measurement]) -> list[Notice]:
    notices = []
    phases = []
    tested = measured_rate(config, measurements, "fine_tune") is not None
    if config.head_epochs and measured_rate(config, measurements, "head") is None:
        limits = HEAD_RATES.get(config.optimizer, HEAD_RATES_DEFAULT)
        phases.append(("the new layers", config.head_learning_rate, limits))
    if config.fine_tunes and not tested:
        limits = FINE_TUNE_RATES.get(config.optimizer, FINE_TUNE_RATES_DEFAULT)
        phases.append(("fine-tuning", config.fine_tune_learning_rate, limits))
    for name, rate, (low, high) in phases:
        if rate > high:
            reason = "Corrections this big tend to overshoot: the loss jumps or explodes."
            notices.append(
                Notice("warning", f"The learning rate of {name} is high ({rate:g}).", reason, f"Try {high / 10:g}.")
            )
        elif rate < low:
            reason = "Corrections this small hardly change anything in the rounds given."
            notices.append(
                Notice("warning", f"The learning rate of {name} is low ({rate:g}).", reason, f"Try {low * 10:g}.")
            )
    bigger = config.fine_tune_learning_rate > config.head_learning_rate
    if config.fine_tunes and config.head_epochs and bigger and not tested:
        notices.append(
            Notice(
                "warning",
                "Fine-tuning is set to take bigger steps than the new layers.",
                "What the network knows would be overwritten instead of adjusted.",
                f"Try {config.head_learning_rate / 100:g} for fine-tuning.",
            )
        )
    return notices


def _photos(config: RunConfig, dataset: Dataset) -> list[Notice]:
    notices = []
    train = dataset.counts()["train"]
    few = train[train < FEW_PHOTOS]
    if len(few):
        notices.append(
            Notice(
                "warning",
                "Few photos to learn from.",
                f"{_listed(few)} of {'one class' if len(few) == 1 else f'{len(few)} classes'}: "
                "the result will depend on luck.",
                f"Add photos until every class has at least {FEW_PHOTOS} to train on, or vary them (augmentation).",
            )
        )
    if config.class_weights == "off" and train.min() and train.max() >= 2 * train.min():
        notices.append(
            Notice(
                "warning",
                "The classes are uneven.",
                f"{train.idxmax()} has {train.max()} training photos, {train.idxmin()} only {train.min()}; "
                "small classes will be guessed too rarely.",
                "Set “Even out small classes” to automatic.",
            )
        )
    return notices


def _capacity(config: RunConfig, dataset: Dataset) -> list[Notice]:
    """Too many layers unfrozen for too few photos."""
    photos = len(dataset.of("train"))
    if not config.fine_tunes or config.backbone not in BACKBONES or not photos:
        return []
    table = layers(config.backbone, config.alpha)
    free = trainable_parameters(table, config.frozen_layers)
    if free <= PARAMETERS_PER_PHOTO * photos:
        return []
    safe = next(
        (
            block.start
            for block in blocks(table)
            if trainable_parameters(table, block.start) <= SAFE_PARAMETERS_PER_PHOTO * photos
        ),
        len(table),
    )
    freeze = f"Freeze at least {safe} of the {len(table)} layers" if safe < len(table) else "Keep all layers frozen"
    return [
        Notice(
            "warning",
            "Many layers are unfrozen for so few photos.",
            f"{free / 1e6:.1f} million numbers would be adjusted with {photos} photos: "
            "the network can learn them by heart (overfitting) and do worse on new ones.",
            f"{freeze}, or add photos.",
        )
    ]


def _listed(counts: pd.Series) -> str:
    names = [f"{name} ({count})" for name, count in counts.items()]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
