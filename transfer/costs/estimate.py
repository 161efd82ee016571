"""What a run will take: time, memory and disk, foreseen from runs like it, or else reckoned from the layer tables.

A run is foreseen stage by stage. What runs like it took on this machine (`Cost`) is scaled to the photos and rounds in
question; where there was none, a stage is reckoned from the multiplications of the network, which says no more than
whether it is a matter of seconds, minutes or hours.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from transfer.config import RunConfig
from transfer.costs.cost import Cost
from transfer.costs.space import checkpoint_bytes, model_bytes
from transfer.dataset.dataset import Dataset
from transfer.networks.backbones import BACKBONES
from transfer.networks.custom import is_custom
from transfer.networks.default import RATE
from transfer.networks.layers import layers, table

START = 8.0  # seconds until the program has loaded
NETWORK = 4.0, 1e-7  # seconds to build a network or to write it to a file and prove that, and for each number in it
ROUND = 0.01  # seconds that a round takes besides its photos
HEAD = 4e-5  # seconds of the new layers for a photo
BY_KERAS, BACKWARDS = 3.0, 3.0  # how much longer than the engine Keras takes for a photo, and that while it learns
CHOOSING, SOLVED = 1500, 6.0  # photos that the refinement chooses by, at most, and seconds for as many: their cube
MIRRORED = 400  # photos whose mirror image is looked at
# MB, and bytes for each number of the network: while it trains, and while it writes the model and tries the file
TRAINING, WRITING = (900.0, 16), (2000.0, 40)
ACTIVATIONS = 40.0  # numbers kept for a pixel while a whole network learns, or all photos go through it in each round


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes:
        stages: seconds of each, in order: start, prepare, head, fine_tune, evaluate, refine, export.
        memory_mb: of main memory at most, 2**20 bytes.
        disk: bytes that are taken when it is over, remembered features included.
        at_most: whether early stopping may end it sooner.
        measured: whether a run like it was measured here; else it is only reckoned.
    """

    stages: dict[str, float]
    memory_mb: float
    disk: int
    at_most: bool
    measured: bool

    @property
    def seconds(self) -> float:
        """Of all stages."""
        return sum(self.stages.values())


def estimate(config: RunConfig, dataset: Dataset, known: Sequence[Cost]) -> Estimate:
    """What a run with this config over these photos will take, from what others took; the newest last."""
    like = next((cost for cost in reversed(known) if cost.does_as(config)), None)
    sizes = Counter(photo.split for photo in dataset.photos)
    train, validation, test = sizes["train"], sizes["validation"], sizes["test"]
    photos, look = train + validation / BACKWARDS, look_seconds(config, known)
    views = config.augmentation_views if config.augmentation != "off" else 1
    remembered = any(
        not cost.trial and cost.fingerprint == dataset.fingerprint and cost.does_as(config) for cost in known
    )
    looks = {"prepare": train * views + validation, "evaluate": test, "refine": 0}
    if config.refines and config.mirrored_views != "off":
        looks["refine"] = min(train + validation, MIRRORED if config.mirrored_views == "auto" else train + validation)
    if remembered:
        looks = dict.fromkeys(looks, 0)

    spent = like.spent if like else {}
    build = NETWORK[0] + NETWORK[1] * _parameters(config)
    starts = [cost.start for cost in known if not cost.trial]
    stages = {
        "start": starts[-1] if starts else START,
        "prepare": spent.get("loading", build) + looks["prepare"] * look,
        "head": _phase("head", config.head_epochs, config, photos, like),
        "fine_tune": _phase("fine_tune", config.fine_tune_epochs, config, photos, like) if config.fine_tunes else 0.0,
        "evaluate": spent.get("evaluate", 1.0) + looks["evaluate"] * look,
        "refine": 0.0,
        "export": spent.get("export", build),
    }
    if config.refines:
        chosen = min(train + validation, CHOOSING)
        before = min(like.different * (1 - like.photos["test"] / sum(like.photos.values())), CHOOSING) if like else 0
        more = SOLVED * (chosen**3 - before**3) / CHOOSING**3
        stages["refine"] = max(spent.get("refine", 1.0) + more, 0.0) + looks["refine"] * look
    return Estimate(
        stages={name: round(seconds, 2) for name, seconds in stages.items()},
        memory_mb=round(_memory(config, known), 1),
        disk=_disk(config, dataset, sum(looks.values()), like),
        at_most=bool(config.early_stopping_patience) and validation > 0,
        measured=like is not None,
    )


def look_seconds(config: RunConfig, known: Sequence[Cost] = ()) -> float:
    """Of the frozen layers for a photo."""
    for cost in reversed(known):
        if cost.does_as(config) and cost.looked >= 16:
            return cost.spent.get("features", 0.0) / cost.looked
    if is_custom(config.backbone):
        return 0.05
    record, data = BACKBONES[config.backbone], table(config.backbone)
    scale = ((config.image_size or record.image_size) / record.image_size) ** 2
    return float(data["multiply_adds"][f"{config.alpha:g}"] * scale / (RATE * (os.cpu_count() or 1)))


def _phase(phase: str, epochs: int, config: RunConfig, photos: float, like: Cost | None) -> float:
    """Seconds of a phase, all its epochs of so many photos; one that is only looked at counts less."""
    if not epochs:
        return 0.0
    if like and phase in like.later:
        share = photos / max(like.photos["train"] + like.photos["validation"] / BACKWARDS, 1)
        later = ROUND + max(like.later[phase] - ROUND, 0.0) * share
        return max(like.first[phase] - like.later[phase], 0.0) + later * epochs
    a_photo = HEAD + learn_seconds(config, phase)
    return 1.0 + epochs * (ROUND + photos * a_photo)


def learn_seconds(config: RunConfig, phase: str) -> float:
    """Reckoned, of layers of the network for a photo in a round of a phase; 0 where no photo goes through any."""
    look = BY_KERAS * look_seconds(config)
    anew = config.augmentation != "off" and not config.augmentation_views  # and nothing can be kept
    tuned = BACKWARDS * look * _unfrozen(config) if phase == "fine_tune" else 0.0
    return tuned + look if anew else tuned


def _unfrozen(config: RunConfig) -> float:
    """About which share of the network's work is that of the unfrozen layers."""
    if is_custom(config.backbone) or config.frozen_layers is None:
        return 0.5
    return 1 - min(config.frozen_layers / len(layers(config.backbone, config.alpha)), 1.0)


def _memory(config: RunConfig, known: Sequence[Cost]) -> float:
    """MB; from a run like it but for the number and the size of the photos, where there was one."""
    kin = (cost for cost in reversed(known) if cost.does_as(replace(config, image_size=cost.config["image_size"])))
    if (like := next(kin, None)) and like.memory_mb:
        theirs = RunConfig.from_dict(like.config)
        batches = _pixels(config) / _pixels(theirs)
        photos = batches * theirs.batch_size / config.batch_size
        base = min(like.memory_mb.values())
        return max(
            base + (most - base) * (batches if stage == "train" else photos) for stage, most in like.memory_mb.items()
        )
    seen = 1.0 if learn_seconds(config, "head") else _unfrozen(config) if config.fine_tunes else 0.0
    learning = 4 * ACTIVATIONS * _pixels(config) * seen / 2**20
    training, writing = (fixed + each * _parameters(config) / 2**20 for fixed, each in (TRAINING, WRITING))
    return max(training + learning, writing)


def _pixels(config: RunConfig) -> int:
    """In one batch."""
    record = BACKBONES.get(config.backbone)
    return config.batch_size * (config.image_size or (record.image_size if record else 224)) ** 2


def _disk(config: RunConfig, dataset: Dataset, looks: int, like: Cost | None) -> int:
    if like:
        added = len(dataset.photos) - sum(like.photos.values())
        return max(like.kept + 200 * added, 0) + looks * like.stored // max(like.looked, 1)
    classes = len(dataset.classes)
    run = 2 * model_bytes(config, classes) + checkpoint_bytes(config, classes)
    return run + 200 * len(dataset.photos) + 2 * 4096 * looks


def _parameters(config: RunConfig) -> int:
    return model_bytes(config, 0) // 4
