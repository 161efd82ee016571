"""The network beside this file, run by Keras."""

from itertools import count
from pathlib import Path

import keras
import numpy as np

FEW = 2  # calls that are answered as they come: translating the network first takes longer than a hundred photos

_model = keras.saving.load_model(Path(__file__).with_name("model.keras"), compile=False)
_answer = _model.outputs[0]
_head, _node, _ = _answer._keras_history
_features = _head._inbound_nodes[_node].input_tensors[0]
_both = keras.Model(_model.inputs[0], [_answer, _features])
_both.jit_compile = False  # on processors XLA makes many networks slower
_calls = count()


def look(photos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32, and the features
    that the head takes, (n, m)."""
    if next(_calls) < FEW:
        return tuple(map(keras.ops.convert_to_numpy, _both(photos.astype("float32"), training=False)))
    return tuple(_both.predict_on_batch(photos.astype("float32")))


def probabilities(photos: np.ndarray) -> np.ndarray:
    """As `look`, without the features."""
    return look(photos)[0]
