"""Measurements: the events that only a study tells, what was measured before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from transfer.messages.events import Event


@dataclass(frozen=True, kw_only=True)
class Planned(Event):
    """What a study will do, step by step, and about how many seconds each step takes, foreseen from before."""

    kind: ClassVar[str] = "planned"
    steps: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepEnded(Event):
    """One step of a study's plan is over; each thing that can be measured, or left out, is a descendant.

    Attributes:
        step: as in the plan.
        seconds: that it took.
    """

    step: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class NetworkMeasured(StepEnded):
    """A network was tried on a part of the photos, frozen, with a linear probe upon its features.

    Attributes:
        backbone, alpha, image_size: as in `RunConfig`.
        accuracy: share of photos that a probe which did not learn from them named right; `low` to `high` is its 95 %
            interval.
        right: for each photo, in the same order for every network of the study, "1" if it was named right, else "0".
        photos_per_second: that the network looks at on this machine.
        megabytes: about the size of the exported model, 2**20 bytes.
        training_seconds: about what a first run over all photos takes, head only.
        features: how many numbers it says about a photo.
    """

    kind: ClassVar[str] = "network_measured"
    backbone: str
    alpha: float
    image_size: int
    accuracy: float
    low: float
    high: float
    right: str
    photos_per_second: float
    megabytes: float
    training_seconds: float
    features: int


@dataclass(frozen=True, kw_only=True)
class NetworkLeftOut(StepEnded):
    """A network was not measured, and why."""

    kind: ClassVar[str] = "network_left_out"
    backbone: str
    alpha: float
    image_size: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DepthMeasured(StepEnded):
    """Short runs with so many blocks unfrozen, each trained on a part of the photos and measured on the rest.

    Attributes:
        blocks: how many of the last blocks were unfrozen; 0 for the head only.
        frozen_layers, fine_tune_epochs, fine_tune_learning_rate: as in `RunConfig`; the rate came from a range test.
        parameters: of the network that were trained, without the head.
        accuracy: share of photos that a run which did not learn from them named right; `low` to `high` is its 95 %
            interval.
        right: for each photo, in the same order for every depth of the study, "1" if it was named right, else "0".
        training_seconds: that one of the short runs took, without looking at the photos.
    """

    kind: ClassVar[str] = "depth_measured"
    blocks: int
    frozen_layers: int | None
    fine_tune_epochs: int
    fine_tune_learning_rate: float | None
    parameters: int
    accuracy: float
    low: float
    high: float
    right: str
    training_seconds: float


@dataclass(frozen=True, kw_only=True)
class LearningRateMeasured(StepEnded):
    """A range test: the loss while the learning rate grew from step to step.

    Attributes:
        phase: head or fine_tune.
        rates: of the steps, growing.
        losses: at each of them, smoothed; cross-entropy, natural logarithm.
        low, high: between these the loss fell; None when it never did.
        suggestion: where it fell fastest, None when it never did.
        explodes: the rate from which on the loss was higher than at the start; None when it never was.
    """

    kind: ClassVar[str] = "learning_rate_measured"
    phase: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    low: float | None
    high: float | None
    suggestion: float | None
    explodes: float | None
