"""The network beside this file, run by Keras."""

from itertools import count
from pathlib import Path

import keras
import numpy as np

FEW = 2  # calls that are answered as they come: translating the network first takes longer than a hundred photos

_model = keras.saving.load_model(Path(__file__).with_name("model.keras"), compile=False)
_model.jit_compile = False  # on processors XLA makes many networks slower
_calls = count()


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    if next(_calls) < FEW:
        return keras.ops.convert_to_numpy(_model(photos.astype("float32"), training=False))
    return _model.predict_on_batch(photos.astype("float32"))
