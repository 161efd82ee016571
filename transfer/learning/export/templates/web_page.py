"""The network of the page beside this file (model.js), run by the LiteRT interpreter: the page's answers in Python."""

import base64
import json
from pathlib import Path

import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # TensorFlow brings the same interpreter
    import tensorflow as tf

    Interpreter = tf.lite.Interpreter

_page = json.loads(Path(__file__).with_name("model.js").read_text("utf-8").partition("=")[2].rstrip().rstrip(";"))
_run = Interpreter(model_content=base64.b64decode(_page["network"])).get_signature_runner()
_input, _output = (next(iter(details)) for details in (_run.get_input_details(), _run.get_output_details()))


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    return np.concatenate([_run(**{_input: photo[None].astype("float32")})[_output] for photo in photos])
