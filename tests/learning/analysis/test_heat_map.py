"""Heat maps: exact where that can be, of every kind of head and network, and on the class rather than anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from tests.long_form import long_form
from transfer.config import RunConfig
from transfer.learning.analysis.heat_map import heat_maps
from transfer.learning.model.classifier import Classifier, build
from transfer.learning.model.depths import depth_features, inner_depths, refined
from transfer.learning.training.ridge import Ridge
from transfer.networks.backbones import BACKBONES
from transfer.samples import draw as samples

RNG = np.random.default_rng(0)
PHOTOS = RNG.integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
CLASSES = 4
SMALLEST = {each.family: each for each in sorted(BACKBONES.values(), key=lambda each: -each.parameters)}
FEW = ("MobileNet", "VGG")


def rank_correlation(one: Any, other: Any) -> float:
    """Spearman's."""
    return float(np.corrcoef(*(pd.Series(np.ravel(each)).rank() for each in (one, other)))[0, 1])


def close(found: Any, expected: Any) -> bool:
    found, expected = np.asarray(found), np.asarray(expected)
    size = float(np.abs(expected).max())
    assert found.shape == expected.shape and size > 1e-3, "or there is nothing to compare"
    return float(np.abs(found - expected).max()) < 1e-3 * size


def network(backbone: Path | str, **settings: Any) -> Classifier:
    """With weights and biases in the head that are large."""
    made = build(RunConfig.from_dict({"backbone": str(backbone), "image_size": 32, **settings}), CLASSES)
    for layer in made.head.layers:
        for weight in layer.weights:
            weight.assign(RNG.normal(0, 0.3, weight.shape))
    return made


def at_depths(made: Classifier, *, mirrored: bool = False) -> Classifier:
    joined = depth_features(made, joined=True, mirrored=mirrored)
    head = keras.Sequential([keras.Input(joined.output_shape[1:]), keras.layers.Dense(CLASSES, activation="softmax")])
    return refined(made, head, inner=True, mirrored=mirrored)


def scores(made: Classifier, photos: np.ndarray = PHOTOS) -> np.ndarray:
    """Logits, counted from their mean and without the last bias, (photos, classes)."""
    *hidden, answer = [layer for layer in made.head.layers if isinstance(layer, keras.layers.Dense)]
    features = made.features(photos)
    for layer in hidden:
        features = layer(features)
    found = np.asarray(features @ answer.kernel)
    return found - found.mean(axis=-1, keepdims=True)


@pytest.mark.parametrize("pooling", ["avg", "max", "flatten"])
def test_what_the_places_add_is_the_score(backbone: Path, pooling: str) -> None:
    made = network(backbone, pooling=pooling)
    found = np.asarray(heat_maps(made.model)(PHOTOS))
    assert found.shape == (2, 4, 4, CLASSES)
    assert close(found.sum(axis=(1, 2)), scores(made))


@pytest.mark.parametrize("pooling", ["avg", "flatten"])
def test_a_hidden_layer_counts_where_it_is_open(backbone: Path, pooling: str) -> None:
    made = network(backbone, pooling=pooling, hidden_units=16, dropout=0.5)
    hidden = made.head.get_layer("hidden")
    hidden.bias.assign(np.zeros(16))  # what a bias adds is at no place
    assert close(np.sum(heat_maps(made.model)(PHOTOS), axis=(1, 2)), scores(made))
    hidden.bias.assign(np.full(16, -1e6))
    assert not np.any(heat_maps(made.model)(PHOTOS)), "nothing passes a closed layer"


@pytest.mark.parametrize("mirrored", [False, True])
def test_several_depths_and_the_mirror_image_from_a_file(backbone: Path, tmp_path: Path, mirrored: bool) -> None:
    keras.backend.clear_session()
    made = at_depths(network(backbone), mirrored=mirrored)
    made.model.save(tmp_path / "model.keras")
    keras.backend.clear_session()  # as in another program: new operations get the names that are in the file
    found = heat_maps(keras.saving.load_model(tmp_path / "model.keras", compile=False))
    assert found.output_shape == (None, 8, 8, CLASSES), "as fine as the finest depth"
    assert close(np.sum(found(PHOTOS), axis=(1, 2)), scores(made))
    assert close(np.asarray(found(PHOTOS[:, :, ::-1]))[:, :, ::-1], found(PHOTOS)) == mirrored


@pytest.mark.parametrize(("maps", "places"), [(True, 8), (False, 16)])
def test_a_network_that_ends_in_features_is_explained_by_its_gradient(tmp_path: Path, maps: bool, places: int) -> None:
    photo = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(6, 4, strides=4, activation="relu")(photo) if maps else photo
    x = keras.layers.Dense(9, activation="relu", use_bias=False)(keras.layers.Reshape((-1,))(x))
    keras.Model(photo, keras.layers.Dense(2)(x)).save(tmp_path / "own.keras")
    made = network(tmp_path / "own.keras")
    found = np.asarray(heat_maps(made.model)(PHOTOS))
    assert found.shape == (2, places, places, CLASSES) and np.isfinite(found).all() and found.any()
    if maps:  # what follows them is linear where it is open, so this too is the score
        assert close(found.sum(axis=(1, 2)), scores(made))


@pytest.mark.parametrize("family", [pytest.param(x, marks=() if x in FEW else long_form) for x in sorted(SMALLEST)])
def test_every_family(family: str) -> None:
    """The smallest network of each, random, at the smallest size; with LONG=1 all families."""
    record = SMALLEST[family]
    made = network(record.name, weights="random", image_size=max(32, record.minimum_size))
    photos = RNG.integers(0, 256, (1, made.image_size, made.image_size, 3)).astype(np.float32)
    end = made.backbone.output_shape[1]
    finest = max([end, *(tensor.shape[1] for tensor in inner_depths(made.backbone))])
    for each, side in ((made, end), (at_depths(made), finest)):
        found = heat_maps(each.model)(photos)
        assert found.shape == (1, side, side, CLASSES) and np.isfinite(found).all() and np.any(found)


# ---------------------------------------------------------------------- with a network that has learned to see

TOLD_APART = ("key", "leaf", "mug", "umbrella")  # CLASSES of them
LEARNED, PAIRS = 8, 10  # photos of each class, and of two classes
SIDE = 160  # pixels


@pytest.fixture(scope="module")
def seeing() -> Classifier:
    """EfficientNet-Lite0 with a head that tells some of the sample photos apart, by several depths."""
    made = build(RunConfig(image_size=SIDE), len(TOLD_APART))
    features = depth_features(made, joined=True)
    drawn = [(label, sample(name, number)) for label, name in enumerate(TOLD_APART) for number in range(LEARNED)]
    rows = features.predict(np.stack([photo for _, photo in drawn]), 8, verbose=0)
    spread = rows.std(axis=0) + 0.1 * rows.std()
    kernel, bias = Ridge(rows / spread, np.array([label for label, _ in drawn]), len(TOLD_APART)).solution(0.1)
    made = at_depths(made)
    made.head.set_weights([kernel / spread[:, None], bias])
    return made


def sample(name: str, number: int, width: int = SIDE) -> np.ndarray:
    picture = samples.photo(name, np.random.default_rng((7, TOLD_APART.index(name), number)))
    return np.asarray(picture.resize((width, SIDE)), np.float32)


@pytest.fixture(scope="module")
def pairs(seeing: Classifier) -> tuple[list[tuple[int, int]], np.ndarray, np.ndarray]:
    """Photos of two classes side by side, as the app sees one that is twice as wide as high: classes, photos, maps."""
    classes = [tuple(int(c) for c in RNG.choice(len(TOLD_APART), 2, replace=False)) for _ in range(PAIRS)]
    halves = [[sample(TOLD_APART[c], 100 + n, SIDE // 2) for c in both] for n, both in enumerate(classes)]
    photos = np.stack([np.concatenate(both, axis=1) for both in halves])
    return classes, photos, heat_maps(seeing.model).predict(photos, 8, verbose=0)


def test_of_two_classes_side_by_side_each_lies_on_its_half(pairs: Any) -> None:
    classes, _, maps = pairs
    half = maps.shape[2] // 2
    hits = []
    for found, (left, right) in zip(np.maximum(maps, 0), classes, strict=True):
        hits += [found[:, :half, left].sum() > found[:, half:, left].sum()]
        hits += [found[:, half:, right].sum() > found[:, :half, right].sum()]
    assert np.mean(hits) >= 0.9, hits


def test_random_weights_give_another_map(seeing: Classifier, pairs: Any) -> None:
    """Sanity checks for saliency maps, Adebayo et al. 2018: what stays alike cannot have come from the network."""
    classes, photos, maps = (each[:6] for each in pairs)
    kept = [weight.numpy() for weight in seeing.model.weights]

    def alike() -> float:
        """The mean rank correlation with the maps before, for the first class of each photo."""
        others = heat_maps(seeing.model).predict(photos, 8, verbose=0)
        both = [(a[..., c].ravel(), b[..., c].ravel()) for a, b, (c, _) in zip(maps, others, classes, strict=True)]
        return float(np.mean([rank_correlation(one, other) for one, other in both]))

    for weights, last in ((seeing.head.weights, "head"), (seeing.model.weights, "all")):
        for weight, value in zip(seeing.model.weights, kept, strict=True):
            weight.assign(value)
        for weight in weights:
            weight.assign(RNG.permuted(weight.numpy().ravel()).reshape(weight.shape))
        assert abs(alike()) < 0.4, last
