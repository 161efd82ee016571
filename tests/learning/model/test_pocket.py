"""The bundled network: what it promises to the rest of the project, and that its weights are learned ones."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.errors import WeightsError
from transfer.learning.model import pocket as module
from transfer.learning.model.pocket import FEATURES, load, pocket, preprocess_input, save, variable_name
from transfer.networks.weights import BUNDLED_WEIGHTS


@pytest.fixture(scope="module")
def bundled() -> keras.Model:
    return pocket(pooling="avg")


def test_keeps_its_promises_of_size(bundled: keras.Model) -> None:
    assert bundled.count_params() <= 1_500_000
    assert BUNDLED_WEIGHTS.stat().st_size <= 3_000_000
    assert bundled.output_shape == (None, FEATURES)


def test_is_made_of_plain_layers_in_named_blocks() -> None:
    model = pocket(weights=None)
    assert model.name == "pocket"
    assert isinstance(model.layers[0], keras.layers.InputLayer)
    assert {type(layer).__name__ for layer in model.layers[1:]} <= {
        *("Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Add"),
    }
    blocks = [re.match(r"stem|block\d+|top", layer.name) for layer in model.layers[1:]]
    assert all(blocks)
    in_order = list(dict.fromkeys(match.group() for match in blocks if match))
    assert in_order == ["stem", *(f"block{n}" for n in range(1, len(module.BLOCKS) + 1)), "top"]
    # contiguous: no block is left and entered again
    changes = sum(a.group() != b.group() for a, b in pairwise(blocks) if a and b)
    assert changes == len(in_order) - 1


@pytest.mark.parametrize("size", [32, 64, 96, 224])
def test_takes_other_image_sizes(size: int) -> None:
    model = pocket(weights=None, input_shape=(size, size, 3))
    assert model.output_shape == (None, size // 16, size // 16, FEATURES)


def test_bundled_file_holds_exactly_the_weights_of_the_network(bundled: keras.Model) -> None:
    with np.load(BUNDLED_WEIGHTS) as stored:
        assert set(stored.files) == {variable_name(variable) for variable in bundled.weights}
        assert all(np.isfinite(stored[name]).all() for name in stored.files)
        for variable in bundled.weights:
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(variable), stored[variable_name(variable)].astype("float32")
            )


def test_bundled_features_see_what_random_ones_do_not(bundled: keras.Model) -> None:
    """Rings or bars of any colour, place and size: half of the photos teach a ridge regression about the other half."""
    photos, labels = _rings_and_bars(320)
    keras.utils.set_random_seed(0)
    learned, unlearned = (_halves(model, photos, labels) for model in (bundled, pocket(weights=None, pooling="avg")))
    assert learned >= 0.8
    assert learned >= unlearned + 0.1


def test_weights_survive_saving_as_half_floats(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = pocket(weights=None)
    save(model, tmp_path / "weights.npz")
    again = pocket(weights=tmp_path / "weights.npz")
    for ours, theirs in zip(model.weights, again.weights, strict=True):
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs), rtol=1e-3, atol=1e-6
        )


def test_missing_weights_say_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        pocket(weights=tmp_path / "gone.npz")
    assert "gone.npz" in caught.value.expected


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with np.load(BUNDLED_WEIGHTS) as stored:
        arrays = dict(stored)
    arrays["stem_conv/kernel"] = arrays["stem_conv/kernel"][..., :-1]
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(WeightsError, match=r"other\.npz does not fit"):
        load(pocket(weights=None), tmp_path / "other.npz")


def test_top_names_the_classes_of_the_pretraining() -> None:
    model = pocket(weights=None, include_top=True)
    assert model.output_shape == (None, module.CLASSES)
    np.testing.assert_allclose(model.predict_on_batch(np.zeros((1, 96, 96, 3))).sum(), 1, rtol=1e-5)


def _halves(model: keras.Model, photos: np.ndarray, labels: np.ndarray) -> float:
    features = np.concatenate([model.predict_on_batch(preprocess_input(part)) for part in np.split(photos, 4)])
    half = len(photos) // 2
    features = (features - features[:half].mean(0)) / (features[:half].std(0) + 1e-3)
    seen, unseen = features[:half], features[half:]
    answer = np.linalg.solve(seen @ seen.T + FEATURES * np.eye(half), labels[:half] * 2.0 - 1)
    return float(((unseen @ seen.T @ answer > 0) == labels[half:]).mean())


def _rings_and_bars(count: int) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(0)
    y, x = np.mgrid[:96, :96]
    photos = np.empty((count, 96, 96, 3), "float32")
    labels = dice.permutation(count) % 2 == 0
    for i in range(count):
        ground, ink = dice.uniform(0, 255, (2, 3))
        if abs(ground.mean() - ink.mean()) < 60:
            ink = 255 - ground
        centre, size, turn = dice.uniform(30, 66, 2), dice.uniform(14, 28), dice.uniform(0, np.pi)
        across, down = x - centre[0], y - centre[1]
        if labels[i]:
            shape = np.abs(np.hypot(across, down) - size) < size / 4
        else:
            along, beside = across * np.cos(turn) + down * np.sin(turn), down * np.cos(turn) - across * np.sin(turn)
            shape = (np.abs(along) < size * 1.3) & (np.abs(beside) < size / 3)
        photos[i] = np.where(shape[..., None], ink, ground) + dice.normal(0, 12, (96, 96, 3))
    return photos.clip(0, 255), labels
