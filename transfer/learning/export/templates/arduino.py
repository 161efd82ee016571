"""The network of classifier/model.h beside this file, run by the LiteRT interpreter: what the board will say."""

import re
from pathlib import Path

import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # TensorFlow brings the same interpreter
    import tensorflow as tf

    Interpreter = tf.lite.Interpreter

_header = (Path(__file__).parent / "classifier" / "model.h").read_text("utf-8").partition("kModel[kModelBytes] = {")[2]
_network = Interpreter(model_content=bytes(int(byte, 16) for byte in re.findall("0x([0-9a-f]{2})", _header)))
_network.allocate_tensors()
_input, _output = _network.get_input_details()[0]["index"], _network.get_output_details()[0]["index"]


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    found = []
    for photo in photos:
        _network.set_tensor(_input, photo[None])
        _network.invoke()
        found.append(_network.get_tensor(_output)[0] / np.float32(255))
    return np.stack(found)
