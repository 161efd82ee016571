"""Cost: what one run took on this machine, told from its log, so that the next one like it can be foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transfer.config import RunConfig
from transfer.dataset.dataset import SPLITS, Dataset
from transfer.messages.endings import Resumed
from transfer.messages.events import Changed, EpochEnded, Event, Launched, PhaseBegun, Spent, Started
from transfer.networks.backbones import BACKBONES

NETWORK = ("backbone", "alpha", "weights", "image_size")
"""The settings that a look at a photo depends on."""
KIND = (
    *NETWORK, "frozen_layers", "pooling", "hidden_units", "optimizer", "augmentation", "augmentation_views",
    "refinement", "feature_depths", "mirrored_views",
)  # fmt: skip
"""Those that decide what a run does, but for how many rounds and photos; with `RunConfig.fine_tunes`."""


def tells(events: Sequence[Event]) -> bool:
    """Whether the log of a run tells what one with its config takes: it did all of it at one go, and as it began."""
    return not any(isinstance(event, Resumed | Changed) for event in events)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run took, all of it.

    Attributes:
        config: its settings.
        photos: how many of each split; `different`: of all, without copies.
        fingerprint: of the dataset.
        start: seconds from its launch until its program had loaded.
        spent: seconds by stage, as in `Spent`.
        first, later: seconds of the first epoch of a phase, and of each one after it, by phase.
        memory_mb, looked, stored: as in `Spent`.
        kept: bytes of its folder when it was over.
        trial: whether it was made only to learn this.
    """

    config: dict[str, Any]
    photos: dict[str, int]
    different: int
    fingerprint: str
    start: float
    spent: dict[str, float]
    first: dict[str, float]
    later: dict[str, float]
    memory_mb: dict[str, float]
    looked: int
    stored: int
    kept: int
    trial: bool = False

    @classmethod
    def of(cls, config: RunConfig, dataset: Dataset, events: Sequence[Event], kept: int, trial: bool = False) -> Cost:
        """That of a run whose log has a `Spent`."""
        launched, started, spent = (
            next((event for event in events if isinstance(event, kind)), None) for kind in (Launched, Started, Spent)
        )
        assert isinstance(spent, Spent)
        first, later = {}, {}
        for begun in (event for event in events if isinstance(event, PhaseBegun)):
            rounds = (event for event in events if isinstance(event, EpochEnded) and not event.partial)
            ended = [event for event in rounds if event.phase == begun.phase]
            if ended:
                first[begun.phase] = ended[0].seconds or 0.0
                # Rounds are told some at a time: what is between them is only known of all together.
                rest = ended[-1].time - begun.time - first[begun.phase]
                later[begun.phase] = max(rest, 0.0) / (len(ended) - 1) if len(ended) > 1 else first[begun.phase]
        return cls(
            config={**config.to_dict(), "image_size": _size(config)},
            photos={split: len(dataset.of(split)) for split in SPLITS},
            different=len({photo.digest for photo in dataset.photos}),
            fingerprint=dataset.fingerprint,
            start=max(started.time - launched.time, 0.0) if started and launched else 0.0,
            spent=dict(spent.seconds),
            first=first,
            later=later,
            memory_mb=dict(spent.memory_mb),
            looked=spent.looked,
            stored=spent.stored,
            kept=kept,
            trial=trial,
        )

    def is_of(self, config: RunConfig, names: Sequence[str]) -> bool:
        """Whether a config has the same settings of these names."""
        ours = {**config.to_dict(), "image_size": _size(config)}
        return all(self.config.get(name) == ours[name] for name in names)

    def does_as(self, config: RunConfig) -> bool:
        """Whether a config does the same, but for how many rounds and photos, and how many photos a step."""
        epochs = self.config.get("fine_tune_epochs", 0)
        return self.is_of(config, KIND) and (config.fine_tunes == bool(config.frozen_layers is not None and epochs))


def _size(config: RunConfig) -> int | None:
    """Of the photos, pixels; an empty one is the network's own."""
    record = BACKBONES.get(config.backbone)
    return config.image_size or (record.image_size if record else None)
