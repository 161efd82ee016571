"""The network beside this file, run by TensorFlow."""

from pathlib import Path

import numpy as np
import tensorflow as tf

_model = tf.saved_model.load(str(Path(__file__).with_name("model")))


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    return _model.serve(photos.astype("float32")).numpy()
