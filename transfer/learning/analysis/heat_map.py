"""Heat map: which places of a photo speak for which class.

What a class scores (its logit, before the softmax) is taken apart into what each place of the photo adds to it. After
average pooling a linear head does that exactly, without any gradient: the class activation map (Zhou et al. 2016),
here over several depths, which are made as fine as the finest and added, and over photo and mirror image. Flattening
is exact in the same way; after max pooling only the place that won counts; a hidden layer counts as far as it was open
for this photo, which is HiResCAM (Draelos and Carin 2020). Only where nothing is known of what lies between maps and
score, as in a network of one's own that ends in features, is a gradient taken, upon the last maps alone.

Scores that grow by the same amount for all classes change no answer. So what a place adds is counted from the mean of
all classes: it is what there speaks for one class rather than for the others.

The result is one Keras model with one output, so that the fastest engine computes it like any other network. What is
new in it is a single layer: operations of their own could have the names of those that came from a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from transfer.learning.model.graph import history, separators, sources

BY_GRADIENT = 5  # classes, the most probable ones, whose gradients are taken; the others get an empty map
COARSE = 16  # places along an edge that are left of a gradient upon the photo itself, which is noise pixel by pixel

_KINDS = {"GlobalAveragePooling2D": "avg", "GlobalMaxPooling2D": "max", "Flatten": "flatten"}


class _Unknown(Exception):
    """Something between maps and score is not one of the things that can be taken apart."""


@dataclass(frozen=True)
class _Part:
    """What a stretch of the features is made of.

    Attributes:
        kind: of pooling: avg, max or flatten.
        views: maps (batch, height, width, channels), of which the mean is pooled.
        turned: which of them are of the photo's mirror image.
    """

    kind: str
    views: tuple[Any, ...]
    turned: tuple[bool, ...] = (False,)

    @property
    def shape(self) -> tuple[int, int, int]:
        height, width, channels = self.views[0].shape[1:]
        return height, width, channels

    @property
    def width(self) -> int:
        """How many features that makes."""
        height, width, channels = self.shape
        return height * width * channels if self.kind == "flatten" else channels


def heat_maps(model: keras.Model) -> keras.Model:
    """What every place adds to the score of every class, as a model upon the same backbone.

    Args:
        model: of a run: photos (batch, size, size, 3) of 0-255 RGB -> probabilities (batch, classes).

    Returns:
        The same photos -> (batch, height, width, classes) float32, as fine as the finest maps that the head looks at.
        The sum over all places is the score, without what is the same for every photo, counted from the mean of all
        classes.
    """
    head = [layer for layer in model.layers if isinstance(layer, keras.Sequential)][-1]
    scores = next(each for each in history(model.outputs[0]) if each._keras_history.operation is head)
    features = sources(scores)[0]
    try:
        parts, layers = _parts(features, {}), _layers(head)
        if sum(part.width for part in parts) != features.shape[-1]:
            raise _Unknown
        added = _Added(parts, layers)([features, *(view for part in parts for view in part.views)])
    except _Unknown:
        added = _by_gradient(model, head, features)
    return keras.Model(model.inputs[0], added, name="heat_maps")


# ---------------------------------------------------------------------- the features, taken apart


def _parts(features: Any, known: dict[tuple[int, int], list[list[_Part]]]) -> list[_Part]:
    """The parts of features (batch, n), in their order.

    Args:
        features: a tensor of the model.
        known: the parts of all outputs of nested networks, so that each is computed once.
    """
    operation, node, index = features._keras_history
    before = sources(features)
    if isinstance(operation, keras.Model):
        if (id(operation), node) not in known:
            known[id(operation), node] = _nested(operation, before[0], node)
        return known[id(operation), node][index]
    kind = type(operation).__name__
    if kind in ("Identity", "Dropout"):
        return _parts(before[0], known)
    if kind == "Concatenate":
        return [part for each in before for part in _parts(each, known)]
    if kind == "Average":
        views = [_turned(_parts(each, known), each) for each in before]
        return [_together(same) for same in zip(*views, strict=True)]
    if kind not in _KINDS or len(before[0].shape) != 4:
        raise _Unknown
    return [_Part(_KINDS[kind], (before[0],))]


def _nested(network: Any, given: Any, node: int) -> list[list[_Part]]:
    """The parts of each output of a nested network, as tensors of the network around it."""
    inside: dict[tuple[int, int], list[list[_Part]]] = {}
    parts = [_parts(output, inside) for output in network.outputs]
    maps = [view for output in parts for part in output for view in part.views]
    outside = keras.Model(network.inputs[0], maps, name=f"maps_of_{network.name}_{node}")(given, training=False)
    seen = iter(outside if isinstance(outside, (list, tuple)) else [outside])
    return [[replace(part, views=tuple(next(seen) for _ in part.views)) for part in output] for output in parts]


def _turned(parts: list[_Part], features: Any) -> list[_Part]:
    """The parts with a note where the features are of the mirror image."""
    if not any(type(tensor._keras_history.operation).__name__ == "Flip" for tensor in history(features)):
        return parts
    return [replace(part, turned=tuple(not each for each in part.turned)) for part in parts]


def _together(parts: tuple[_Part, ...]) -> _Part:
    """Parts of which the mean is taken, as one."""
    if any(part.kind != "avg" or len(part.views) > 1 for part in parts):
        raise _Unknown
    return _Part("avg", tuple(part.views[0] for part in parts), tuple(part.turned[0] for part in parts))


def _layers(head: Any) -> list[Any]:
    """The layers of weights in a head; all but the last end in a ReLU."""
    layers = [layer for layer in head.layers if not isinstance(layer, (keras.layers.InputLayer, keras.layers.Dropout))]
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    # What comes behind the last of them counts for all classes alike: a softmax, or a temperature before it.
    if layers[: len(dense)] != dense or any(layer.activation is not keras.activations.relu for layer in dense[:-1]):
        raise _Unknown
    return dense


class _Added(keras.layers.Layer):
    """Features and the maps that they are made of -> what the places add to the scores (batch, height, width, classes).

    Args:
        parts: which maps.
        layers: of the head.
    """

    def __init__(self, parts: list[_Part], layers: list[Any]) -> None:
        super().__init__(dtype="float32", name="places_to_scores")
        self._parts = [(part.kind, part.turned, part.shape, part.width) for part in parts]
        self._kernels = [keras.ops.convert_to_numpy(layer.kernel).astype("float32") for layer in layers]
        self._hidden = [
            (kernel, keras.ops.convert_to_numpy(layer.bias).astype("float32"))
            for kernel, layer in zip(self._kernels, layers[:-1], strict=False)
        ]
        self._grid = tuple(max(part.shape[axis] for part in parts) for axis in (0, 1))

    def compute_output_shape(self, shapes: Any) -> tuple[int | None, ...]:
        return (shapes[0][0], *self._grid, self._kernels[-1].shape[-1])

    def call(self, seen: list[Any]) -> Any:
        signals, maps = tf.cast(seen[0], tf.float32), iter(seen[1:])
        begin, added = 0, 0.0
        for kind, turned, shape, width in self._parts:
            views = [tf.cast(next(maps), tf.float32) for _ in turned]
            mean = sum(tf.reverse(v, [2]) if t else v for v, t in zip(views, turned, strict=True)) / len(views)
            added += self._onto_grid(_weighed(mean, kind, shape, self._kernels[0][begin : begin + width]), shape)
            begin += width
        for (kernel, bias), following in zip(self._hidden, self._kernels[1:], strict=True):
            signals = tf.nn.relu(signals @ kernel + bias)
            is_open = tf.cast(signals > 0, tf.float32)[:, None, None]
            added = tf.matmul(added * is_open, following)
        return _from_mean(added)

    def _onto_grid(self, added: Any, shape: tuple[int, int, int]) -> Any:
        """As fine as the finest, without becoming more or less."""
        if shape[:2] == self._grid:
            return added
        share = shape[0] * shape[1] / (self._grid[0] * self._grid[1])
        return tf.image.resize(added, self._grid, "bilinear") * share


def _weighed(maps: Any, kind: str, shape: tuple[int, int, int], kernel: Any) -> Any:
    """What each place adds to what a layer of this kernel (features, n) says: (batch, height, width, n)."""
    height, width, channels = shape
    if kind == "flatten":
        places = tf.reshape(maps, (-1, height * width, 1, channels))
        added = tf.matmul(places, kernel.reshape(1, height * width, channels, -1))
        return tf.reshape(added, (-1, height, width, kernel.shape[-1]))
    if kind == "max":  # where several places won, each did in part
        won = tf.cast(maps == tf.reduce_max(maps, axis=(1, 2), keepdims=True), tf.float32)
        return tf.matmul(maps * won / tf.reduce_sum(won, axis=(1, 2), keepdims=True), kernel)
    return tf.matmul(maps, kernel) / (height * width)


def _from_mean(added: Any) -> Any:
    return added - tf.reduce_mean(added, axis=-1, keepdims=True)


# ---------------------------------------------------------------------- where only a gradient knows


def _by_gradient(model: keras.Model, head: Any, features: Any) -> Any:
    """What the places add, by the gradient of the scores upon the last maps, or upon the photo where there are none."""
    scores = keras.Sequential([keras.Input(head.input_shape[1:]), *map(_without_softmax, head.layers)])
    end = features
    while type(end._keras_history.operation).__name__ == "Identity":
        end = sources(end)[0]
    network = end._keras_history.operation
    if isinstance(network, keras.Model):
        inner = [each for each in separators(network) if len(each.shape) == 4 and each is not network.inputs[0]]
        last = next((each for each in reversed(inner) if each.shape[1] > 1), None)
        if last is not None:
            below = keras.Model(network.inputs[0], last, name=f"maps_of_{network.name}")
            above = keras.Model(last, network.outputs[0])
            return _Slopes(above, scores)(below(sources(end)[0], training=False))
    return _Slopes(keras.Model(model.inputs[0], features), scores)(model.inputs[0])


def _without_softmax(layer: Any) -> Any:
    if getattr(layer, "activation", None) is not keras.activations.softmax:
        return layer
    linear = keras.layers.Dense(layer.units, dtype="float32")
    linear.build(layer.input.shape)
    linear.set_weights(layer.get_weights())
    return linear


class _Slopes(keras.layers.Layer):
    """Maps (batch, height, width, channels) -> maps times gradient, summed over channels: (batch, height, width, n).

    Args:
        above: maps -> features.
        scores: features -> scores (batch, n).
    """

    def __init__(self, above: keras.Model, scores: keras.Model) -> None:
        super().__init__(dtype="float32", name="slopes")
        self._above, self._scores = above, scores
        self._coarser = max(above.input_shape[1] // COARSE, 1)

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        height, width = (side // self._coarser for side in shape[1:3])
        return (shape[0], height, width, int(self._scores.output_shape[-1]))

    def call(self, maps: Any) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(maps)
            scores = self._scores(self._above(maps, training=False), training=False)
            best = tf.math.top_k(scores, min(BY_GRADIENT, scores.shape[-1]))
            chosen = tf.unstack(best.values, axis=1)
        added = [tf.reduce_sum(tf.cast(maps * tape.gradient(each, maps), tf.float32), axis=-1) for each in chosen]
        of_all = tf.einsum("hbij,bhn->bijn", tf.stack(added), tf.one_hot(best.indices, scores.shape[-1]))
        if self._coarser > 1:
            of_all = tf.nn.avg_pool2d(of_all, self._coarser, self._coarser, "VALID") * self._coarser**2
        return _from_mean(of_all)
