"""A stage: one stretch of a frozen network, whose answers are kept. Before it comes the photo or another stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transfer.learning.features.compiled import FeatureSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Stage:
    """One stretch of the frozen network.

    Attributes:
        features: what its answers depend on besides the photo, from the photo up to here: the key of the features.
        network: what it computes alone, from the stage before: the key of the engine. The same for a first stage.
        shape: of one photo's answer.
        model: makes or gets it: answers of the stage before (photos of 0-255 for the first) -> (batch, *shape).
        parts: how wide its parts are, where an answer is made of several depths one after the other.
    """

    features: FeatureSpec
    network: FeatureSpec
    shape: tuple[int, ...]
    model: Callable[[], keras.Model]
    parts: tuple[int, ...] = ()
