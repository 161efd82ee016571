"""Ahead: a pretrained backbone built before anybody asks for it, in the time that a worker waits for its next run.

It is taken once, by the first build that wants exactly this one, so that no two runs ever share weights.
"""

from __future__ import annotations

import keras

from transfer.config import RunConfig
from transfer.errors import TransferError
from transfer.learning.features.compiled import FeatureSpec, feature_spec
from transfer.learning.model.applications import application, checked_size, load_weights
from transfer.networks.backbones import backbone
from transfer.networks.custom import is_custom

_built: dict[FeatureSpec, keras.Model] = {}


def prepare(config: RunConfig) -> None:
    """Build what a run with these settings would need; a network of one's own is left alone."""
    _built.clear()
    if is_custom(config.backbone):
        return
    try:
        size = checked_size(backbone(config.backbone), config.image_size)
        _built[feature_spec(config, size, "all")] = pretrained(config, size)
    except TransferError:  # whoever wants it in earnest is told
        return


def pretrained(config: RunConfig, size: int) -> keras.Model:
    """The backbone of a config with its weights, perhaps built before.

    Raises:
        ConfigError, WeightsError: see `classifier.build`.
    """
    if _built and (found := _built.pop(feature_spec(config, size, "all"), None)) is not None:
        return found
    keras.utils.set_random_seed(config.seed)
    network = application(backbone(config.backbone), config.alpha, size)
    load_weights(network, config)
    return network
