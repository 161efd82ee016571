"""TrainingData: what a phase learns from, and the network that it trains, each made only when it is first needed.

A phase learns from kept features of what stays frozen in it, or, where that is impossible or not wanted, from the
photos through the whole network. Over known photos the head phase needs no network at all. How features are computed
and kept is in `features`, where the network is cut in `cut`, what is done with the samples in `training`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import keras

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Split
from transfer.learning.device import Device
from transfer.learning.features.compiled import FeatureSpec, feature_spec
from transfer.learning.features.cut import Cut, cut
from transfer.learning.features.extraction import Features, Frozen, NotKept
from transfer.learning.model.classifier import Classifier, build, new_head, size_of
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.learning.training.passes import Samples
from transfer.learning.training.phases import Phase
from transfer.learning.training.steps import Network


class TrainingData:
    """What the phases of one run work with.

    Args:
        config, dataset: of the run.
        device: what the run trains on.
        reporter: where progress goes.
        features: the kept features.
    """

    def __init__(
        self, config: RunConfig, dataset: Dataset, device: Device, reporter: Reporter, features: Features
    ) -> None:
        self._config, self._dataset = config, dataset
        self._device, self._reporter, self._features = device, reporter, features
        self._head: keras.Sequential | None = None
        self._classifier: Classifier | None = None

    @property
    def head(self) -> keras.Sequential:
        """The new layers; there once a phase has its samples or the network is built."""
        assert self._head is not None
        return self._head

    def network(self) -> Classifier:
        """The whole network, built when it is first needed: not before the end where all features are known."""
        if self._classifier is None:
            self._reporter.begin("loading", f"Building the network {self._config.backbone}.", 0)
            self._reporter.say()
            with self._device.strategy.scope():
                self._classifier = build(self._config, len(self._dataset.classes), self._head)
            self._head = self._classifier.head
        return self._classifier

    def samples(self, phase: Phase) -> tuple[Samples, Samples | None]:
        """Training and validation samples of a phase, as features of its frozen part where these can be kept.

        Raises:
            Stopped: when the user asked to stop; what was computed is kept.
        """
        frozen, upper, whole = self._divided(phase)
        size, config = frozen.part.image_size, self._config
        varied = config.augmentation != "off"

        def samples(split: Split, augmentation: str, views: int, reason: str = "") -> Samples:
            photos = PhotoSource(self._dataset, split, size, config.batch_size, self._reporter.skip, augmentation)
            if upper is not None and not reason:
                try:
                    source = self._features.source(frozen, photos, views)
                    return Samples(source, upper, source.table() if self._device.replicas == 1 else None)
                except NotKept as trouble:
                    reason = f"{trouble}."
            words = f"Every round of the phase “{phase.description}” runs the whole network on every photo: {reason}"
            self._reporter.notice("Nothing is remembered of the frozen layers.", words)
            return Samples(photos, whole())

        useless = "" if upper is not None else "there are hardly any frozen layers to remember."
        fresh = "new variations were asked for in every round (0 views)." if varied else ""
        validation = samples("validation", "off", 0, useless) if self._dataset.of("validation") else None
        views = config.augmentation_views if varied else 0
        train = samples("train", config.augmentation, views, useless or (fresh if not views else ""))
        self._features.rest()
        return train, validation

    def close(self) -> None:
        """Let go of the kept features."""
        self._features.close()

    def _divided(self, phase: Phase) -> tuple[Frozen, Network | None, Callable[[], Network]]:
        """The frozen part, what takes its answers (None: not worth it), and both together, made when needed."""
        if phase.name == "fine_tune":
            parts, frozen, _ = self._halves
            return frozen, parts.upper if parts.gains else None, lambda: parts.whole
        size = size_of(self._config) or self.network().image_size
        part = self._features_part(size)
        shape = self._features.known_shape(part) or tuple(self.network().features.output_shape[1:])
        if self._head is None:
            with self._device.strategy.scope():
                self._head = new_head(self._config, len(self._dataset.classes))
                self._head(keras.Input(shape, dtype="float32"))
        halves = None
        if self._config.fine_tunes:
            parts, below, above = self._halves
            halves = (below, above) if parts.gains else None
        frozen = Frozen(part, shape, lambda: self.network().features, halves)
        return frozen, self._head, lambda: cut(self.network(), None).whole

    @cached_property
    def _halves(self) -> tuple[Cut, Frozen, Frozen]:
        """The cut of the fine-tuning phase: what stays frozen then, and what lies between that and the head."""
        parts, size = cut(self.network(), self._config.frozen_layers), self.network().image_size
        lower = Frozen(feature_spec(self._config, size, parts.name), parts.shape, lambda: parts.lower)
        shape = tuple(parts.tail.output_shape[1:])
        return (
            parts,
            lower,
            Frozen(feature_spec(self._config, size, f"tail of {parts.name}"), shape, lambda: parts.tail),
        )

    def _features_part(self, size: int) -> FeatureSpec:
        part = feature_spec(self._config, size)
        if "missing" in part.weights:  # they come with the network
            self.network()
            part = feature_spec(self._config, size)
        return part
