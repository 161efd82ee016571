"""The network beside this file, run by Keras."""

from pathlib import Path

import keras
import numpy as np

_model = keras.saving.load_model(Path(__file__).with_name("model.keras"), compile=False)


def probabilities(photo: np.ndarray) -> np.ndarray:
    """A photo, (size, size, 3) uint8 RGB -> the probability of each class, (classes,) float32."""
    return _model.predict_on_batch(photo[None].astype("float32"))[0]
