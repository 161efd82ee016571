"""The network beside this file, run by TensorFlow."""

from pathlib import Path

import numpy as np
import tensorflow as tf

_model = tf.saved_model.load(str(Path(__file__).with_name("model")))


def probabilities(photo: np.ndarray) -> np.ndarray:
    """A photo, (size, size, 3) uint8 RGB -> the probability of each class, (classes,) float32."""
    return _model.serve(photo[None].astype("float32")).numpy()[0]
