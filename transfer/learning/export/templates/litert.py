"""The network beside this file, run by the LiteRT interpreter."""

import os
from pathlib import Path

import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # TensorFlow brings the same interpreter
    import tensorflow as tf

    Interpreter = tf.lite.Interpreter

_model = Path(__file__).with_name("model.tflite")
_run = Interpreter(str(_model), num_threads=os.cpu_count()).get_signature_runner()
((_input, _taken),) = _run.get_input_details().items()
((_output, _given),) = _run.get_output_details().items()
_scale, _zero = _given["quantization"]  # of a network of whole numbers; else 0


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    found = np.concatenate([_run(**{_input: photo[None].astype(_taken["dtype"])})[_output] for photo in photos])
    return ((found.astype("float32") - _zero) * _scale if _scale else found).astype("float32")
