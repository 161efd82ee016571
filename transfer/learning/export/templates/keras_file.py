"""The network beside this file, run by Keras."""

from pathlib import Path

import keras
import numpy as np

_model = keras.saving.load_model(Path(__file__).with_name("model.keras"), compile=False)


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    # Called as it is: translating it first, as `predict` does, takes longer than a hundred photos.
    return keras.ops.convert_to_numpy(_model(photos.astype("float32"), training=False))
