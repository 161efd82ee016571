"""From a RunConfig to a network: preprocessing, backbone, pooling and head as one Keras model.

The model takes plain 0-255 RGB, whatever the backbone wants, so that everything exported does too. It is made of
layers that Keras registers itself and loads again without custom objects. Nothing here trains, reads photos or
decides what is offered. The backbones come from `applications`; a `.keras` file becomes one in `custom`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from transfer.config import RunConfig
from transfer.errors import ConfigError
from transfer.learning.model import custom
from transfer.learning.model.ahead import pretrained
from transfer.learning.model.applications import TORCH_STD, checked_size, load_file
from transfer.networks import weights as weight_files
from transfer.networks.backbones import backbone
from transfer.networks.custom import is_custom
from transfer.networks.layers import Layer, assemble

# What each kind of preprocessing does to 0-255 values, as in keras.applications.imagenet_utils, channels in RGB.
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red
_TORCH_MEAN = (0.485, 0.456, 0.406)
_DROPOUTS = frozenset({"Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout", "StochasticDepth"})


@dataclass(frozen=True)
class Classifier:
    """A network with a head for the user's classes, and its parts, which share their weights with it.

    Attributes:
        model: photos (batch, size, size, 3) of 0-255 RGB floats -> probabilities (batch, classes), float32.
        preprocess: the same photos -> what the backbone wants.
        backbone: preprocessed photos -> feature maps; `frozen_layers` counts its `.layers`.
        features: photos -> pooled features (batch, n), float32: everything before the head.
        head: pooled features -> probabilities.
    """

    model: keras.Model
    preprocess: keras.Model
    backbone: keras.Model
    features: keras.Model
    head: keras.Sequential

    @property
    def image_size(self) -> int:
        """The side in pixels of the photos it takes."""
        return int(self.model.input_shape[1])


def build(config: RunConfig, classes: int, head: keras.Sequential | None = None) -> Classifier:
    """The network that `config` describes, with weights loaded, everything reproducible from `config.seed`.

    The backbone answers the same in training as in prediction, so that frozen layers can be computed once: no
    BatchNorm of it is ever trainable, and its own dropouts are set to zero. Under a global mixed-precision policy it
    computes in float16; preprocessing, pooling and the answer stay float32.

    Args:
        config: what the user chose.
        classes: how many.
        head: one that `new_head` made for this config before, to be built upon; None for a new one.

    Raises:
        ConfigError: for an unknown network or one that does not come in this width or size, a file that is
            not an image network, or more frozen layers than there are.
        WeightsError: when weights are missing and cannot be fetched, or do not fit.
    """
    keras.utils.set_random_seed(config.seed)
    if is_custom(config.backbone):
        found = custom.load(Path(config.backbone))
        size, network, before = found.size(config.image_size), _custom_network(found, config), found.preprocess
        kind = "inside" if found.scales_itself else "tf"
    else:
        record = backbone(config.backbone)
        size = checked_size(record, config.image_size)
        network, before, kind = pretrained(config, size), None, record.preprocessing
    _check_frozen(network, config)
    _quiet(network)

    photo = keras.Input((size, size, 3), name="photo")
    pixels = _preprocessed(photo, kind)
    preprocess = keras.Model(photo, before(pixels, training=False) if before else pixels, name="preprocess")
    features = keras.Model(photo, _pooled(network(preprocess(photo), training=False), config.pooling), name="features")
    head = head or new_head(config, classes)
    model = keras.Model(photo, head(features.output), name="classifier")
    classifier = Classifier(model, preprocess, network, features, head)
    freeze(classifier, "head", None)
    return classifier


def new_head(config: RunConfig, classes: int) -> keras.Sequential:
    """The new layers alone: pooled features (batch, n) -> probabilities (batch, classes).

    Their first weights follow from `config.seed` and their sizes alone, so a head that learns from stored features
    before the network is built begins as it would within the network.
    """
    keras.utils.set_random_seed(config.seed)
    head = keras.Sequential(name="head")
    if config.hidden_units:
        head.add(keras.layers.Dense(config.hidden_units, activation="relu", name="hidden"))
    if config.dropout:
        head.add(keras.layers.Dropout(config.dropout, name="dropout", seed=config.seed))
    head.add(keras.layers.Dense(classes, activation="softmax", name="answer", dtype="float32"))
    return head


def size_of(config: RunConfig) -> int | None:
    """The photo size that a config leads to, pixels; None when only a custom network says.

    Raises:
        ConfigError: for an unknown network, or a size it does not come in.
    """
    if is_custom(config.backbone):
        return config.image_size
    return checked_size(backbone(config.backbone), config.image_size)


def freeze(classifier: Classifier, phase: str, frozen_layers: int | None) -> None:
    """Set what may change in a phase; the model must be compiled (again) afterwards.

    In "head" the whole backbone is frozen. In "fine_tune" its layers from `frozen_layers` on are trainable (None:
    still all frozen). No BatchNorm of the backbone is ever trainable, however deeply it is nested.
    """
    network = classifier.backbone
    network.trainable = phase == "fine_tune" and frozen_layers is not None
    for index, layer in enumerate(network.layers):
        trains = network.trainable and index >= (frozen_layers or 0)
        for part in custom.parts(layer):  # each one, because Keras passes a flag on only when it changes
            part.trainable = trains and not isinstance(part, keras.layers.BatchNormalization)


def layers_of(model: keras.Model) -> tuple[Layer, ...]:
    """The table of a model's layers, as `transfer.networks.layers` gives it for the networks on offer.

    Parameters count as long as their layer is not frozen, so ask before `freeze`.
    """
    return assemble(
        [layer.name for layer in model.layers],
        [type(layer).__name__ for layer in model.layers],
        [_parameters(layer) for layer in model.layers],
    )


# ---------------------------------------------------------------------- parts of the model


def _custom_network(found: custom.CustomNetwork, config: RunConfig) -> keras.Model:
    if config.weights == "random":
        return custom.random_again(found)
    if config.weights not in weight_files.PRETRAINED:
        load_file(found.network, weight_files.chosen(config).path)
    return found.network


def _preprocessed(photo: Any, kind: str) -> Any:
    layer: Any = keras.layers.Identity(name="as_it_is", dtype="float32")
    pixels = photo
    if kind == "tf":
        layer = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="to_minus_one_to_one", dtype="float32")
    elif kind == "lite":
        layer = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="from_127", dtype="float32")
    elif kind == "torch":
        scale = [1 / 255 / std for std in TORCH_STD]
        offset = [-mean / std for mean, std in zip(_TORCH_MEAN, TORCH_STD, strict=True)]
        layer = keras.layers.Rescaling(scale, offset=offset, name="normalised", dtype="float32")
    elif kind == "caffe":
        pixels = keras.ops.flip(photo, axis=-1)
        offset = [-mean for mean in _CAFFE_MEAN]
        layer = keras.layers.Rescaling([1.0] * 3, offset=offset, name="minus_mean", dtype="float32")
    return layer(pixels)


def _pooled(maps: Any, pooling: str) -> Any:
    if len(maps.shape) == 2:  # a custom network that ends in features
        return keras.layers.Identity(name="pooling", dtype="float32")(maps)
    kinds = {
        "avg": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
        "flatten": keras.layers.Flatten,
    }
    return kinds[pooling](name="pooling", dtype="float32")(maps)


def _quiet(network: keras.Model) -> None:
    # Calling the network with training=False is not enough: in Keras 3 fit's training=True overrides it.
    for part in custom.parts(network):
        for share in ("rate", "drop_path_rate"):
            if hasattr(part, share) and type(part).__name__ in _DROPOUTS:
                setattr(part, share, 0.0)


def _parameters(layer: Any) -> int:
    untrained = {
        id(weight)
        for part in custom.parts(layer)
        if isinstance(part, keras.layers.BatchNormalization)
        for weight in part.weights
    }
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights if id(weight) not in untrained)


def _check_frozen(network: keras.Model, config: RunConfig) -> None:
    if config.frozen_layers is not None and config.frozen_layers > len(network.layers):
        raise ConfigError(
            "More layers are to stay frozen than the network has.",
            expected=f"frozen_layers between 0 and {len(network.layers)} for {config.backbone}",
            found=str(config.frozen_layers),
            fix="Choose fewer frozen layers, or leave it empty to freeze all of them.",
        )
