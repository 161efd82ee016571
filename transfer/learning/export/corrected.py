"""Corrected: a model whose last layer makes up for what the layers before it lose when their numbers are rounded.

With 8 bits a number every layer is a little off, and most of that is off in the same direction on photo after photo.
So the last layer is solved anew: upon what the rounded layers say about some training photos it shall say what the
exact model says. That is a ridge regression of the difference, in closed form; a bias correction (Nagel et al. 2019,
"Data-Free Quantization Through Weight Equalization and Bias Correction") is the part of it without features. It learns
from the model's own answers, not from the labels, so it comes nearer to the model, not to the photos.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from transfer.learning.analysis.prediction import BATCH, KerasPredictor
from transfer.learning.training.refinement import standard

PENALTY = 0.1  # as a share of the mean square of a photo's features; 0.01 to 1 gave the same

Rounded = Callable[[keras.Model, np.ndarray], np.ndarray]
"""(model, photos (n, size, size, 3) uint8) -> what it says once it is rounded, (photos, n) float32."""


def corrected(model: keras.Model, photos: np.ndarray, rounded: Rounded) -> keras.Model:
    """The same model with another last layer; the model itself where it does not end in a Dense layer.

    Args:
        model: of a classifier: its last layer is the head, a `keras.Sequential`.
        photos: to learn from, (n, size, size, 3) uint8.
        rounded: rounds the layers before the last one, and asks them.
    """
    head = model.layers[-1]
    last = head.layers[-1] if isinstance(head, keras.Sequential) else None
    if not len(photos) or not isinstance(last, keras.layers.Dense):
        return model
    seen: Any = model.layers[-2].output
    for layer in head.layers[:-1]:
        seen = layer(seen, training=False)
    lower = keras.Model(model.inputs, seen, name="lower")
    exactly = KerasPredictor(lower, ())
    exact = np.concatenate([exactly.look(photos[begin : begin + BATCH]) for begin in range(0, len(photos), BATCH)])
    kernel, bias = last.get_weights()
    more_kernel, more_bias = _difference(exact @ kernel + bias, rounded(lower, photos), kernel, bias)
    answer = keras.layers.Dense(len(bias), activation=last.activation, name="answer", dtype="float32")
    whole = keras.Model(model.inputs, answer(seen), name="classifier")
    answer.set_weights([kernel + more_kernel, bias + more_bias])
    return whole


def _difference(
    wanted: np.ndarray, features: np.ndarray, kernel: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What to add to kernel (n, classes) and bias (classes,), so that features (photos, n) give the wanted scores."""
    off = wanted - (features @ kernel + bias)
    factors = standard(features, (features.shape[1],), share=1.0)  # depths differ in how much they vary
    centre, mean = features.mean(axis=0), off.mean(axis=0)
    x = (features - centre) * factors
    gram = x @ x.T
    gram[np.diag_indices(len(gram))] += PENALTY * max(float(np.trace(gram)) / len(gram), 1e-12)
    more = factors[:, None] * (x.T @ np.linalg.solve(gram, off - mean))
    return more.astype(np.float32), (mean - centre @ more).astype(np.float32)
