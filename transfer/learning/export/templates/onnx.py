"""The network beside this file, run by ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime

_session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"), providers=["CPUExecutionProvider"])
_input = _session.get_inputs()[0].name


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    return _session.run(None, {_input: photos.astype("float32")})[0]
