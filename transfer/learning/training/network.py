"""TrainedNetwork: the network of a run, made only when and as far as it is needed, and where each phase divides it.

Over photos whose features are known the head phase needs the new layers alone. Where the network is cut is decided in
`cut`, how features are computed and kept in `extraction`, what is done with them in `trainer`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras
import numpy as np

from transfer.config import RunConfig
from transfer.learning.device import Device
from transfer.learning.features.compiled import DEPTHS, backbone_spec, feature_spec
from transfer.learning.features.cut import Cut, cut
from transfer.learning.features.extraction import FeatureExtractor
from transfer.learning.features.stage import Stage
from transfer.learning.model.classifier import Classifier, build, freeze, new_head, size_of
from transfer.learning.model.depths import depth_features
from transfer.learning.pipeline import Key
from transfer.learning.reporter import Reporter
from transfer.learning.training.steps import Network


class TrainedNetwork:
    """What the phases of one run train.

    Args:
        config: of the run.
        classes: how many.
        device: what the run trains on.
        reporter: where progress goes.
        extractor: knows the shape of features that were kept.

    Attributes:
        config: by which it is divided.
    """

    def __init__(
        self, config: RunConfig, classes: int, device: Device, reporter: Reporter, extractor: FeatureExtractor
    ) -> None:
        self.config, self._classes = config, classes
        self._device, self._reporter, self._extractor = device, reporter, extractor
        self._head: keras.Sequential | None = None
        self._classifier: Classifier | None = None

    def divide(self, config: RunConfig) -> None:
        """From now on it is divided by these settings, which may differ in what was changed while it trained."""
        if config != self.config:
            self.config = config
            for part in ("_cut", "_maps", "_features", "_features_above_maps"):
                self.__dict__.pop(part, None)

    def classifier(self) -> Classifier:
        """The whole network, built the first time, upon the head where that was there before."""
        if self._classifier is None:
            self._reporter.begin("loading", f"Building the network {self.config.backbone}.", 0)
            self._reporter.say()
            with self._device.strategy.scope():
                self._classifier = build(self.config, self._classes, self._head)
            self._head = self._classifier.head
        return self._classifier

    @property
    def head(self) -> keras.Sequential:
        """The new layers."""
        if self._head is None:
            stage = self._features  # may build the whole network, and the head with it
            shape = stage.parts[-1:] or stage.shape
            if self._head is None:
                with self._device.strategy.scope():
                    self._head = new_head(self.config, self._classes)
                    self._head(keras.Input(shape, dtype="float32"))
        return self._head

    @property
    def image_size(self) -> int:
        """The side of the photos, pixels."""
        return size_of(self.config) or self.classifier().image_size

    def stages(self, phase: str) -> tuple[Stage, ...]:
        """What stays frozen in a phase, as far as it is worth keeping; empty when nothing is."""
        if phase == "fine_tune":
            return (self._maps,) if self._cut.gains else ()
        if self.config.fine_tunes and self._cut.gains:
            return self._maps, self._features_above_maps
        return (self._features,)

    def columns(self, phase: str) -> slice:
        """Which part of the answers of the last stage a phase learns from: of several depths the last one."""
        parts = self._features.parts if phase == "head" and self.config.refines else ()
        return slice(-parts[-1], None) if parts else slice(None)

    @property
    def parts(self) -> tuple[int, ...]:
        """How wide the features of each depth are, the last one last."""
        return self._features.parts or self._features.shape

    def above(self, phase: str) -> Network:
        """What takes the answers of the last stage: features -> probabilities."""
        return self._cut.upper if phase == "fine_tune" else self.head

    def whole(self, phase: str) -> Network:
        """Frozen and trained part in one: photos -> probabilities."""
        return (self._cut if phase == "fine_tune" else cut(self.classifier(), None)).whole

    def variables(self, phase: str) -> list[keras.Variable]:
        """What a phase changes. Freezes everything else."""
        if phase == "head":
            return list(self.head.trainable_variables)
        return trainable_variables(self.classifier(), phase, self.config.frozen_layers)

    def trained(self, phase: str, frozen_layers: int | None) -> list[keras.Variable]:
        """Those of `variables` that are left while so many layers are frozen. Freezes everything else."""
        if phase == "head":
            return self.variables(phase)
        return trainable_variables(self.classifier(), phase, frozen_layers)

    def reseed(self, key: Key) -> None:
        """Dropout of an epoch follows from its key, not from how many epochs this process has seen."""
        for number, layer in enumerate(self.head.layers):
            generator: Any = getattr(layer, "seed_generator", None)
            if generator is not None:
                seeds = np.random.default_rng((*key, number)).integers(0, 2**31 - 1, generator.state.shape)
                generator.state.assign(seeds.astype(generator.state.dtype))

    # ------------------------------------------------------------------ the stages

    @cached_property
    def _cut(self) -> Cut:
        """Where fine-tuning divides the network."""
        return cut(self.classifier(), self.config.frozen_layers)

    @cached_property
    def _maps(self) -> Stage:
        """What stays frozen while fine-tuning."""
        divided = self._cut
        spec = feature_spec(self.config, self.image_size, divided.name)
        return Stage(spec, spec, divided.shape, lambda: divided.lower)

    @cached_property
    def _features(self) -> Stage:
        """The whole backbone, in one go; with what it sees at several depths where a refinement may want that."""
        if known := self._extractor.known(backbone_spec(self.config, self.image_size), self._backbone):
            return known
        classifier = self.classifier()  # the weights come with it, where they were missing
        spec = backbone_spec(self.config, self.image_size)
        shape, parts = tuple(classifier.features.output_shape[1:]), tuple[int, ...]()
        if spec.cut == DEPTHS:
            parts = tuple(int(depth.shape[-1]) for depth in depth_features(classifier).outputs)
            shape = (sum(parts),)
        return Stage(spec, spec, shape, self._backbone, parts)

    def _backbone(self) -> keras.Model:
        if backbone_spec(self.config, self.image_size).cut == DEPTHS:
            return depth_features(self.classifier(), joined=True)
        return self.classifier().features

    @cached_property
    def _features_above_maps(self) -> Stage:
        """The rest of the backbone, over the maps."""
        divided = self._cut
        network = feature_spec(self.config, self.image_size, f"tail of {divided.name}")
        return Stage(self._features.features, network, tuple(divided.tail.output_shape[1:]), lambda: divided.tail)


def trainable_variables(classifier: Classifier, phase: str, frozen_layers: int | None) -> list[keras.Variable]:
    """What a phase changes of a network with so many frozen layers. Freezes everything else."""
    freeze(classifier, phase, frozen_layers)
    return list(classifier.model.trainable_variables)
