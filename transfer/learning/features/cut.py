"""Cut: where a network is divided into what stays frozen, computed once per photo, and what trains.

The cut is the last single tensor of the backbone that everything passes through and that depends on no trainable
layer: a dominator of the answer in the graph of layers. Residual connections and parallel branches are therefore
never cut open; frozen layers that lie after the cut run as usual. Nothing here computes features or trains; which
layers are trainable is set by `model.freeze`, and here only foreseen from the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from transfer.learning.model.classifier import Classifier
from transfer.learning.model.graph import separators

ALL = "features"
"""The name of the cut between pooling and head, which is where the cut lies while the whole backbone is frozen."""


@dataclass(frozen=True)
class Cut:
    """A classifier in two parts that share its weights: `upper(lower(photo)) == model(photo)`.

    Attributes:
        lower: photos (batch, size, size, 3) of 0-255 RGB floats -> (batch, *shape); nothing in it trains.
        tail: (batch, *shape) -> pooled features, always in inference mode; the features themselves where all is frozen.
        upper: (batch, *shape) -> probabilities. Called with training=True, only the head notices.
        name: the layer whose answer `lower` gives; `ALL` where it gives the pooled features, "photo" where it gives
            preprocessed photos only.
        shape: of one photo's answer.
        gains: whether `lower` saves anything. False where it only prepares the photo: the first layers train, or the
            backbone is not a graph that can be divided.
    """

    lower: keras.Model
    tail: keras.Model
    upper: keras.Model
    name: str
    shape: tuple[int, ...]
    gains: bool

    def whole(self, photos: Any, training: bool = False) -> Any:
        """Photos -> probabilities through both parts, for training without anything stored.

        Unlike `Classifier.model` called with training=True it keeps the backbone in inference mode.
        """
        return self.upper(self.lower(photos, training=False), training=training)


def cut(classifier: Classifier, frozen_layers: int | None) -> Cut:
    """Divide a classifier for a phase in which the first `frozen_layers` layers of its backbone stay as they are.

    Args:
        classifier: as `model.build` makes it; its trainable flags are neither asked nor changed.
        frozen_layers: as in `RunConfig`; None for all of them, as in the head phase.
    """
    network = classifier.backbone
    trained = {} if frozen_layers is None else {id(x): x for x in network.layers[frozen_layers:] if trains(x)}
    if not trained:
        shape = tuple(classifier.features.output_shape[1:])
        return _divided(classifier, classifier.features, None, ALL, shape, gains=True)
    # None in an unknown graph.
    tensor = next(reversed(separators(network, lambda operation: id(operation) in trained)), None)
    if tensor is None or tensor is network.inputs[0]:
        shape = tuple(classifier.preprocess.output_shape[1:])
        return _divided(classifier, classifier.preprocess, network, "photo", shape, gains=False)
    below = keras.Model(network.inputs, tensor, name="frozen_maps")
    photo = keras.Input(classifier.model.input_shape[1:], name="photo")
    lower = keras.Model(photo, below(classifier.preprocess(photo), training=False), name="lower")
    above = keras.Model(tensor, network.outputs[0], name="trained_maps")
    gains = any(layer.weights and not isinstance(layer, keras.layers.Normalization) for layer in below.layers)
    name = str(tensor._keras_history.operation.name)
    return _divided(classifier, lower, above, name, tuple(tensor.shape[1:]), gains)


def trains(layer: Any) -> bool:
    """Whether a layer has anything that changes in training once it is unfrozen; BatchNorm never does."""
    # A frozen layer reports no trainable weights, so each part is asked for its own variables.
    return any(
        part._trainable_variables and not isinstance(part, keras.layers.BatchNormalization)
        for part in layer._flatten_layers(include_self=True)
    )


def _divided(
    classifier: Classifier, lower: keras.Model, above: Any, name: str, shape: tuple[int, ...], gains: bool
) -> Cut:
    stored = keras.Input(shape, dtype=lower.outputs[0].dtype, name="stored")
    features = stored if above is None else classifier.features.get_layer("pooling")(InferenceMode(above)(stored))
    tail = keras.Model(stored, features, name="tail")
    return Cut(lower, tail, keras.Model(stored, classifier.head(features), name="upper"), name, shape, gains)


class InferenceMode(keras.layers.Layer):
    """A network in inference mode whatever happens around it: its dropouts stay off, its BatchNorm keeps its averages.

    `network(x, training=False)` inside a functional model is not enough: calling that model with training=True, as
    training steps do, replaces the False (Keras 3.15, `operation_fn` in `models/functional.py`).
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name=f"still_{network.name}", dtype=network.dtype_policy, autocast=False)
        self.network = network

    def call(self, inputs: Any) -> Any:
        return self.network(inputs, training=False)
