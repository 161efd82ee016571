"""A last layer that makes up for what rounding takes from the layers before it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from transfer.learning.export.corrected import corrected

COARSE = 0.05  # rounding down to multiples of it: off in the same direction, as whole numbers are


def network(hidden: int) -> keras.Model:
    keras.utils.set_random_seed(3)
    photo = keras.Input((16, 16, 3), name="photo")
    maps = keras.layers.Conv2D(24, 3, strides=2, activation="relu")(keras.layers.Rescaling(1 / 255)(photo))
    seen = keras.layers.GlobalAveragePooling2D()(maps)
    layers = [keras.layers.Dense(hidden, activation="relu")] if hidden else []
    head = keras.Sequential([*layers, keras.layers.Dense(4, activation="softmax", kernel_initializer="he_normal")])
    head.build(seen.shape)
    head.layers[-1].set_weights([head.layers[-1].get_weights()[0] * 8, np.zeros(4)])
    return keras.Model(photo, head(seen), name="classifier")


def rounded(model: keras.Model, photos: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.floor(np.asarray(model(photos.astype(np.float32))) / COARSE) * COARSE
    return found


def answers(model: keras.Model, photos: np.ndarray, lower: keras.Model) -> np.ndarray:
    """Of the last layer of a model, upon the rounded answers of the layers before it."""
    last = model.layers[-1].layers[-1] if isinstance(model.layers[-1], keras.Sequential) else model.layers[-1]
    return np.asarray(last(rounded(lower, photos)))


@pytest.mark.parametrize("hidden", [0, 12])
def test_the_answers_come_nearer_to_those_of_the_exact_model(hidden: int) -> None:
    model, rng = network(hidden), np.random.default_rng(1)
    tints = rng.integers(0, 200, (220, 1, 1, 3))
    photos = (tints + rng.integers(0, 56, (220, 16, 16, 3))).astype(np.uint8)
    better = corrected(model, photos[:120], rounded)
    lower = keras.Model(better.inputs, better.layers[-1].input)

    unseen = photos[120:]
    exact = np.asarray(model(unseen.astype(np.float32)))
    before, after = (np.abs(answers(each, unseen, lower) - exact).mean() for each in (model, better))
    assert 0 < after < 0.8 * before
    assert (model.input_shape, model.output_shape) == (better.input_shape, better.output_shape)


def test_without_photos_or_a_layer_to_correct_it_stays_as_it_is() -> None:
    model = network(0)
    assert corrected(model, np.zeros((0, 16, 16, 3), np.uint8), rounded) is model
    photo = keras.Input((16, 16, 3))
    other = keras.Model(photo, keras.layers.GlobalAveragePooling2D()(photo))
    assert corrected(other, np.zeros((2, 16, 16, 3), np.uint8), rounded) is other
