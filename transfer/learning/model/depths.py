"""Depths: the places within a backbone, besides its end, whose maps tell a new head something of their own.

The last map of a pretrained network is made for the classes it was trained on; what it looked like somewhat earlier,
averaged over the photo, keeps textures and shapes that other classes need ("Head2Toe", Evci et al. 2022; hypercolumns,
Hariharan et al. 2015). Two are taken: the last map of a higher resolution, and, within the final resolution, the first
of the widest maps. Both must be single tensors that everything passes through, after an activation, which holds for
nearly all networks; where a graph has fewer of them there are fewer depths. How they are weighed is in `refinement`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from transfer.learning.model.classifier import Classifier
from transfer.learning.model.graph import separators

_ACTIVATED = ("ReLU", "Activation", "LeakyReLU", "PReLU", "Add", "Concatenate")


def inner_depths(network: Any) -> list[Any]:
    """The tensors (batch, height, width, channels) of a functional backbone that ends in maps; may be none."""
    end = network.outputs[0]
    if len(end.shape) != 4:
        return []
    maps = [tensor for tensor in separators(network) if tensor is not end and _is_activated(tensor)]
    coarse = [tensor for tensor in maps if tensor.shape[1:3] == end.shape[1:3]]
    finer = [tensor for tensor in maps if tensor.shape[1] > end.shape[1]]
    found = finer[-1:]
    if coarse:
        widest = max(tensor.shape[-1] for tensor in coarse)
        found.append(next(tensor for tensor in coarse if tensor.shape[-1] == widest))
    return found


def depth_features(
    classifier: Classifier, *, joined: bool = False, inner: bool = True, mirrored: bool = False
) -> keras.Model:
    """Photos (batch, size, size, 3) of 0-255 -> what the backbone sees at the inner depths and then at its end.

    Average pooling is right for all of them: the new head sees how much of something there is, not where.

    Args:
        classifier: whose backbone; it ends in maps.
        joined: (batch, sum of n) in one, rather than (batch, n) for each depth.
        inner: whether the inner depths are wanted, or the end alone.
        mirrored: the mean for the photo and its mirror image.
    """
    network = classifier.backbone
    ends = [*(inner_depths(network) if inner else ()), network.outputs[0]]
    pooled = [keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"depth{n}")(x) for n, x in enumerate(ends)]
    depths = keras.Model(network.inputs, pooled, name="depths")
    photo = keras.Input(classifier.model.input_shape[1:], name="photo")
    seen = _as_list(depths(classifier.preprocess(photo), training=False))
    if mirrored:
        other = _as_list(depths(classifier.preprocess(keras.ops.flip(photo, axis=2)), training=False))
        seen = [keras.layers.Average(dtype="float32")(pair) for pair in zip(seen, other, strict=True)]
    if joined:
        answer = keras.layers.Concatenate(dtype="float32", name="features")(seen) if len(seen) > 1 else seen[0]
        return keras.Model(photo, answer, name="features")
    return keras.Model(photo, seen, name="features")


def refined(classifier: Classifier, head: keras.Sequential, *, inner: bool, mirrored: bool) -> Classifier:
    """A classifier with the same backbone, whose head takes the joined `depth_features`."""
    features = depth_features(classifier, joined=True, inner=inner, mirrored=mirrored)
    model = keras.Model(features.inputs[0], head(features.output), name="classifier")
    return dataclasses.replace(classifier, model=model, features=features, head=head)


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _is_activated(tensor: Any) -> bool:
    operation = tensor._keras_history.operation
    if len(tensor.shape) != 4:
        return False
    activation = getattr(operation, "activation", None)
    fused = activation is not None and getattr(activation, "__name__", "") != "linear"
    return type(operation).__name__ in _ACTIVATED or fused
