"""The network beside this file, run by OpenVINO."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

_modules: dict[str, Any] = sys.modules
for _reports in ("openvino.tools.ovc", "openvino_telemetry"):
    _modules.setdefault(_reports, None)  # these would tell on the internet that OpenVINO was used

import openvino  # noqa: E402

# 32 bits a number, never the 16 that newer processors would take by themselves.
_network = openvino.Core().compile_model(
    Path(__file__).parent / "model" / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
)


def probabilities(photos: np.ndarray) -> np.ndarray:
    """Photos, (n, size, size, 3) uint8 RGB -> the probability of each class, (n, classes) float32."""
    return np.concatenate([_network(photo[None].astype("float32"))[0] for photo in photos])
