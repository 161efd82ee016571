"""ONNX: what tf2onnx does not know by itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from transfer.learning.export.onnx_file import FORMAT

runtime: Any = pytest.importorskip("onnxruntime")


def test_exact_gelu_and_convolutions_by_groups_are_put_into_its_words(tmp_path: Path) -> None:
    """They are those of ConvNeXt, which came out as a file that no runtime opens."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3))
    found = keras.layers.Conv2D(6, 3)(inputs)
    found = keras.layers.Conv2D(6, 3, groups=6)(found)
    found = keras.layers.Lambda(lambda each: keras.activations.gelu(each, approximate=False))(found)
    model = keras.Model(inputs, keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(found)))

    file = tmp_path / "model.onnx"
    FORMAT.write(SimpleNamespace(image_size=16, model=model), None, file)  # type: ignore[arg-type]

    session = runtime.InferenceSession(str(file))
    photos = np.random.default_rng(0).uniform(0, 1, (4, 16, 16, 3)).astype(np.float32)
    (said,) = session.run(None, {session.get_inputs()[0].name: photos})
    assert np.abs(said - np.asarray(model(photos, training=False))).max() < 1e-6
    assert said.std() > 1e-3
