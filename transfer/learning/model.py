"""From a RunConfig to a network: preprocessing, backbone, pooling and head as one Keras model.

The model takes plain 0-255 RGB, whatever the backbone wants, so that everything exported does too. It is made of
layers that Keras registers itself and loads again without custom objects. Nothing here trains, reads photos or
decides what is offered: the records of the networks are in `transfer.backbones`, the files in `transfer.weights`.
A network of one's own becomes a backbone in `transfer.learning.own`.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from transfer import weights as weight_files
from transfer.backbones import BUNDLED, Backbone, backbone
from transfer.config import RunConfig
from transfer.errors import ConfigError, WeightsError
from transfer.layers import Layer, assemble
from transfer.learning import own, pocket

# What each kind of preprocessing does to 0-255 values, as in keras.applications.imagenet_utils, channels in RGB.
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red
_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# EfficientNet's ImageNet weights expect a second scaling, which Keras adds only when it loads them itself.
_EFFICIENTNET_SCALE = [std**-0.5 for std in _TORCH_STD]
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
    if own.is_file(config.backbone):
        found = own.load(Path(config.backbone.strip()))
        size, network, before = found.size(config.image_size), _own_network(found, config), found.preprocess
        kind = "inside" if found.scales_itself else "tf"
    else:
        record = backbone(config.backbone)
        size = checked_size(record, config.image_size)
        network, before, kind = application(record, config.alpha, size), None, record.preprocessing
        load_weights(network, config)
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
    """The photo size that a config leads to, pixels; None when only the user's own network says.

    Raises:
        ConfigError: for an unknown network, or a size it does not come in.
    """
    if own.is_file(config.backbone):
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
        for part in own.parts(layer):  # each one, because Keras passes a flag on only when it changes
            part.trainable = trains and not isinstance(part, keras.layers.BatchNormalization)


def layers_of(model: keras.Model) -> tuple[Layer, ...]:
    """The table of a model's layers, as `transfer.layers.layers` gives it for the networks on offer.

    Parameters count as long as their layer is not frozen, so ask before `freeze`.
    """
    return assemble(
        [layer.name for layer in model.layers],
        [type(layer).__name__ for layer in model.layers],
        [_parameters(layer) for layer in model.layers],
    )


def application(record: Backbone, alpha: float, size: int) -> keras.Model:
    """A network of keras.applications without its classifier, randomly initialised, for photos of `size` pixels.

    It has the layers that Keras builds for ImageNet weights, whatever weights it gets, so that "frozen layers" always
    counts the same layers.
    """
    options: dict[str, Any] = {"alpha": _checked_alpha(record, alpha)} if len(record.alphas) > 1 else {}
    if record.name == BUNDLED:
        return pocket.pocket(weights=None, input_shape=(size, size, 3))
    make = getattr(keras.applications, record.name)
    network: keras.Model = make(weights=None, include_top=False, input_shape=(size, size, 3), **options)
    return _with_second_scaling(network) if record.family == "EfficientNet" else network


def load_weights(network: keras.Model, config: RunConfig) -> None:
    """Give a network of keras.applications what it knows, as `config.weights` says; "random" leaves it as it is.

    Raises:
        WeightsError: when the file is missing and cannot be fetched, or does not fit.
    """
    if config.weights == "random":
        return
    file = weight_files.require(config)
    if file is None:
        return
    path = file.path
    if not file.present:
        try:
            path = Path(keras.utils.get_file(file.name, file.url, cache_subdir="models", file_hash=file.hash or None))
        except Exception as problem:  # Keras raises a bare Exception for a failed download
            raise weight_files.missing(config, file, f"the download failed: {problem}") from problem
    load_file(network, path)


def load_file(network: keras.Model, path: Path) -> None:
    """Load a weights file, or the weights of a saved model's backbone, into a network of the same shape.

    Raises:
        WeightsError: when the file cannot be read or belongs to another network.
    """
    try:
        if path.suffix == ".npz":
            pocket.load(network, path)
        elif path.suffix == ".keras":
            own.copy_weights(own.load(path).network, network)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # about parts that the error then names
                network.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError, ConfigError) as problem:
        raise WeightsError(
            f"The weights in {path.name} do not fit {network.name}.",
            expected="weights of this very network, without its ImageNet classifier, at this width",
            found=str(problem).strip().splitlines()[0][:300] if str(problem).strip() else type(problem).__name__,
            fix="Choose the network the file was made for, or another weights file; check that the file is complete.",
        ) from problem


def checked_size(record: Backbone, size: int | None) -> int:
    """The photo size to use: the chosen one, or the size the network learned with.

    Raises:
        ConfigError: when the network cannot be built that small.
    """
    size = size or record.image_size
    if size < record.minimum_size:
        raise ConfigError(
            f"Photos of {size} pixels are too small for {record.name}.",
            expected=f"image_size at least {record.minimum_size}",
            found=str(size),
            fix=f"Choose a larger size ({record.image_size} is what it learned with), or another network.",
        )
    return size


# ---------------------------------------------------------------------- parts of the model


def _own_network(found: own.Own, config: RunConfig) -> keras.Model:
    if config.weights == "random":
        return own.random_again(found)
    if config.weights not in weight_files.PRETRAINED:
        load_file(found.network, weight_files.chosen(config).path)
    return found.network


def _preprocessed(photo: Any, kind: str) -> Any:
    layer: Any = keras.layers.Identity(name="as_it_is", dtype="float32")
    pixels = photo
    if kind == "tf":
        layer = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="to_minus_one_to_one", dtype="float32")
    elif kind == "torch":
        scale = [1 / 255 / std for std in _TORCH_STD]
        offset = [-mean / std for mean, std in zip(_TORCH_MEAN, _TORCH_STD, strict=True)]
        layer = keras.layers.Rescaling(scale, offset=offset, name="normalised", dtype="float32")
    elif kind == "caffe":
        pixels = keras.ops.flip(photo, axis=-1)
        offset = [-mean for mean in _CAFFE_MEAN]
        layer = keras.layers.Rescaling([1.0] * 3, offset=offset, name="minus_mean", dtype="float32")
    return layer(pixels)


def _pooled(maps: Any, pooling: str) -> Any:
    if len(maps.shape) == 2:  # a network of one's own that ends in features
        return keras.layers.Identity(name="pooling", dtype="float32")(maps)
    kinds = {
        "avg": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
        "flatten": keras.layers.Flatten,
    }
    return kinds[pooling](name="pooling", dtype="float32")(maps)


def _quiet(network: keras.Model) -> None:
    # Calling the network with training=False is not enough: in Keras 3 fit's training=True overrides it.
    for part in own.parts(network):
        for share in ("rate", "drop_path_rate"):
            if hasattr(part, share) and type(part).__name__ in _DROPOUTS:
                setattr(part, share, 0.0)


def _with_second_scaling(network: keras.Model) -> keras.Model:
    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        output = layer(*args, **kwargs)
        if isinstance(layer, keras.layers.Normalization):
            return keras.layers.Rescaling(_EFFICIENTNET_SCALE)(output)
        return output

    photo = keras.Input(network.input_shape[1:], name=network.layers[0].name)
    return keras.models.clone_model(network, input_tensors=photo, call_function=call)


def _parameters(layer: Any) -> int:
    untrained = {
        id(weight)
        for part in own.parts(layer)
        if isinstance(part, keras.layers.BatchNormalization)
        for weight in part.weights
    }
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights if id(weight) not in untrained)


def _checked_alpha(record: Backbone, alpha: float) -> float:
    for offered in record.alphas:
        if abs(offered - alpha) < 1e-6:
            return offered
    raise ConfigError(
        f"{record.name} does not come in this width.",
        expected=f"alpha to be one of {', '.join(f'{offered:g}' for offered in record.alphas)}",
        found=f"{alpha:g}",
        fix="Choose one of the offered widths.",
    )


def _check_frozen(network: keras.Model, config: RunConfig) -> None:
    if config.frozen_layers is not None and config.frozen_layers > len(network.layers):
        raise ConfigError(
            "More layers are to stay frozen than the network has.",
            expected=f"frozen_layers between 0 and {len(network.layers)} for {config.backbone}",
            found=str(config.frozen_layers),
            fix="Choose fewer frozen layers, or leave it empty to freeze all of them.",
        )
