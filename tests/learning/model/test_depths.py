"""Depths: where a network is looked at besides its end, and that a refined model is what it says, also from a file."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.learning.model.classifier import build
from transfer.learning.model.depths import depth_features, inner_depths, refined


@pytest.mark.parametrize(
    ("backbone", "places"),
    [
        ("EfficientNetLite0", ["block6a_expand_activation", "block7a_expand_activation"]),
        ("MobileNetV2", ["block_13_expand_relu", "block_16_expand_relu"]),
        ("VGG16", ["block5_conv3"]),  # there is nothing between its last convolution and its end
        ("NASNetMobile", ["normal_concat_12"]),  # its cells look past each other
    ],
)
def test_the_places_of_a_family(backbone: str, places: list[str]) -> None:
    network = build(RunConfig(backbone=backbone, weights="random"), 2).backbone
    assert [tensor._keras_history.operation.name for tensor in inner_depths(network)] == places


def test_a_refined_model_from_its_file_is_the_mean_of_photo_and_mirror_at_all_depths(tmp_path: Path) -> None:
    classifier = build(RunConfig(image_size=64), 3)
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    apart = depth_features(classifier)
    widths = [672, 1152, 1280]
    assert [output.shape[-1] for output in apart.outputs] == widths
    mirrored = photos[:, :, ::-1]
    pairs = zip(apart.predict(photos, verbose=0), apart.predict(mirrored, verbose=0), strict=True)
    rows = np.concatenate([(one + other) / 2 for one, other in pairs], axis=1)
    joined = depth_features(classifier, joined=True).predict(photos, verbose=0)
    assert joined.shape == rows.shape and not np.allclose(joined, rows, atol=1e-3)

    head = keras.Sequential([keras.Input((sum(widths),)), keras.layers.Dense(3, activation="softmax")], name="head")
    made = refined(classifier, head, inner=True, mirrored=True)
    assert made.image_size == 64
    made.model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    expected = head.predict(rows, verbose=0)
    assert loaded.predict(photos, verbose=0) == pytest.approx(expected, abs=1e-5)
    assert loaded.predict(mirrored, verbose=0) == pytest.approx(expected, abs=1e-5)
    assert len(loaded.weights) == len(made.model.weights)  # the backbone is in it once
