"""What the curves of a run give away: a learning rate that is too high or too low, photos learned by heart, a network
that does not suit the photos.

Pure functions over what was chosen and what was logged, like `settings`, which looks ahead. The thresholds are rules of
thumb; each stands beside the sentence it triggers.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING

from transfer.advice.notice import Notice
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.messages.endings import Finished, Stopped
from transfer.messages.events import EpochEnded, Evaluated, Event

if TYPE_CHECKING:
    import pandas as pd

LONG = 20  # rounds without a better one after which a loss that has risen is no accident


def advice_on_curves(config: RunConfig, dataset: Dataset, events: list[Event]) -> list[Notice]:
    """What the curves so far give reason to say, most important first.

    Args:
        config: the run's settings.
        dataset: its photos; only the share of the biggest class matters here.
        events: the run's event log.
    """
    rows = [dataclasses.asdict(e) for e in events if isinstance(e, EpochEnded) and not e.partial]
    if not rows:
        return []
    import pandas as pd  # half of what a command would import otherwise

    history = pd.DataFrame(rows).drop_duplicates("step", keep="last")
    notices: list[Notice] = []
    for phase in ("head", "fine_tune"):
        part = history[history["phase"] == phase]
        if len(part):
            notices += _loss(config, phase, part, len(dataset.classes))
    over = any(isinstance(e, (Finished, Stopped, Evaluated)) for e in events)
    head = history[history["phase"] == "head"]
    if len(head) and (over or len(head) < len(history)):
        notices += _unsuited(config, dataset, head)
    notices += _overfitting(config, history)
    if over and len(head) < len(history) and len(head):
        notices += _no_gain(history)
    if any(isinstance(e, Finished) for e in events) and not notices:
        notices += _unfinished(config, history)
    return notices


def _loss(config: RunConfig, phase: str, part: pd.DataFrame, classes: int) -> list[Notice]:
    rate = config.head_learning_rate if phase == "head" else config.fine_tune_learning_rate
    name = "the new layers" if phase == "head" else "fine-tuning"
    loss = part["loss"].to_numpy(float)
    guess = math.log(max(classes, 2))  # the loss of somebody who gives every class the same chance
    if len(loss) >= 2 and ((loss[-1] > 1.5 * loss.min() + 0.1 and loss[-1] > guess) or loss[-1] > 5 * guess):
        reason = f"It went from {loss.min():.2f} to {loss[-1]:.2f}; guessing alone would give {guess:.2f}."
        fix = f"Stop, and start again with a learning rate of {rate / 10:g}."
        return [
            Notice("warning", f"The loss is growing: the learning rate of {name} ({rate:g}) is too high.", reason, fix)
        ]
    still = len(loss) >= 3 and loss.max() - loss.min() < 0.02 * loss.max()
    if phase == "head" and still and float(part["accuracy"].iloc[-1]) < 0.95:
        reason = f"It stayed at {loss[-1]:.2f} for {len(loss)} rounds."
        fix = f"Try {min(rate * 10, 1e-2):g}, or more rounds." if rate < 1e-2 else "Try another network."
        return [
            Notice(
                "warning", f"The loss hardly moves: the learning rate of {name} ({rate:g}) may be too low.", reason, fix
            )
        ]
    return []


def _unsuited(config: RunConfig, dataset: Dataset, head: pd.DataFrame) -> list[Notice]:
    """Validation accuracy near what always guessing the biggest class would give."""
    counts = dataset.counts()["validation"]
    best = head["val_accuracy"].astype(float).max()
    if not counts.sum() or math.isnan(best) or len(head) < 3:
        return []
    guess = counts.max() / counts.sum()
    if best >= guess + 0.15 * (1 - guess):
        return []
    if config.weights == "random":
        fix = "Choose the weights “imagenet”: this network has learned nothing yet."
    else:
        better = ("EfficientNetV2B0", "ResNet50V2", "ConvNeXtTiny", "EfficientNetLite0")
        others = [name for name in better if name != config.backbone]
        fix = (
            f"Try {', '.join(others[:-1])} or {others[-1]}, or unfreeze the last block. "
            "Also look at the photos: could you tell the classes apart?"
        )
    return [
        Notice(
            "warning",
            f"{Path(config.backbone).stem} does not seem to suit these photos.",
            f"With the network frozen it is right on {best:.0%} of new photos; "
            f"always answering the biggest class gives {guess:.0%}.",
            fix,
        )
    ]


def _overfitting(config: RunConfig, history: pd.DataFrame) -> list[Notice]:
    """Training accuracy leaves validation behind while the validation loss rises; or that rose for long, and far."""
    recent = history.tail(2)
    gap = (recent["accuracy"].astype(float) - recent["val_accuracy"].astype(float)).min()
    val_loss = history["val_loss"].astype(float)
    if len(history) < 4 or val_loss.isna().all():
        return []
    best, at = val_loss.min(), int(val_loss.to_numpy().argmin())
    since = val_loss.iloc[at + 1 :]
    risen = len(since) >= LONG and since.tail(LONG // 2).min() > 1.3 * best + 0.03
    if not risen and not (gap > 0.12 and val_loss.iloc[-1] > 1.1 * best):
        return []
    reason = (
        f"Right on {recent['accuracy'].iloc[-1]:.0%} of the photos it trains on, "
        f"but on {recent['val_accuracy'].iloc[-1]:.0%} of those it has not seen. The best round is kept."
    )
    fixes = []
    if risen:
        reason = (
            f"The error on photos it has not learned from (validation loss) was lowest in round "
            f"{history['step'].iloc[at]}, {best:.2f}, and has risen to {val_loss.iloc[-1]:.2f} since. "
            "The best round is kept; those after it only took time."
        )
        if not config.early_stopping_patience:
            patience = RunConfig().early_stopping_patience
            fixes.append(f"let it stop when it no longer improves (early stopping, for example {patience} rounds)")
    if config.augmentation == "off":
        fixes.append("vary the photos (augmentation)")
    if config.fine_tunes:
        fixes.append("freeze more layers")
    if config.hidden_units or config.pooling == "flatten":
        fixes.append("use average pooling without an extra layer")
    fixes.append("add photos")
    return [
        Notice(
            "warning",
            "It is learning the training photos by heart (overfitting).",
            reason,
            f"To do better: {', or '.join(fixes)}.",
        )
    ]


def _no_gain(history: pd.DataFrame) -> list[Notice]:
    best = history.groupby("phase")["val_loss"].min().astype(float)
    if not best.get("fine_tune", math.nan) >= best.get("head", math.nan):
        return []
    return [
        Notice(
            "info",
            "Fine-tuning brought nothing this time.",
            "The state from before it was better on new photos, so that one was kept.",
            "Try a lower learning rate for fine-tuning, or leave more layers frozen.",
        )
    ]


def _unfinished(config: RunConfig, history: pd.DataFrame) -> list[Notice]:
    """The validation loss was still sinking when the rounds were used up."""
    loss = history["val_loss"].astype(float).to_numpy()
    if len(loss) < 6 or not loss[-1] < min(0.97 * loss[-4], loss[-4] - 0.01) or loss[-1] > loss.min():
        return []
    name = "fine_tune_epochs" if history["phase"].iloc[-1] == "fine_tune" else "head_epochs"
    reason = (
        f"The error on photos it has not learned from went from {loss[-4]:.2f} to {loss[-1]:.2f} in the last rounds."
    )
    setting = RunConfig.settings()[name]
    more = min(2 * getattr(config, name), int(setting.maximum or 1000))
    fix = f"Give it more rounds, for example {more} at “{setting.label}”."
    return [Notice("info", "It was still getting better when the rounds were over.", reason, fix)]
