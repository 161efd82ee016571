"""Where networks are cut: exact on real graphs with residual, dense and parallel paths, nothing trainable below."""

import functools
from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.learning.features.cut import ALL, Cut, cut
from transfer.learning.model.classifier import Classifier, build, freeze


def classifier(name: str, size: int = 32, **settings: object) -> Classifier:
    return build(RunConfig.from_dict({"backbone": name, "weights": "random", "image_size": size, **settings}), 3)


@functools.cache
def built_once(name: str) -> Classifier:
    """For tests that change nothing of it but what may be trained."""
    return classifier(name)


def photos(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (2, size, size, 3)).astype(np.float32)


def assert_same(built: Classifier, parts: Cut, frozen_layers: int | None) -> None:
    """The two parts give what the whole gives, and share out its variables rightly."""
    seen = photos(built.image_size)
    maps = np.asarray(parts.lower(seen, training=False))
    assert maps.shape[1:] == parts.shape
    whole = np.asarray(built.model(seen, training=False))
    np.testing.assert_allclose(np.asarray(parts.upper(maps, training=False)), whole, atol=1e-5)
    features = np.asarray(built.features(seen, training=False))
    found = np.asarray(parts.tail(maps, training=True))  # even when told to train, the backbone stays still
    np.testing.assert_allclose(found, features, atol=1e-5 * max(1.0, float(np.abs(features).max())))

    freeze(built, "fine_tune" if frozen_layers is not None else "head", frozen_layers)
    above = {id(variable) for variable in parts.upper.trainable_variables}
    assert above == {id(variable) for variable in built.model.trainable_variables}
    assert parts.lower.trainable_variables == []


NETWORKS = {
    "MobileNetV2": 32,
    "ResNet50V2": 32,
    "InceptionV3": 75,
    "DenseNet121": 32,
    "EfficientNetV2B0": 32,
    "NASNetMobile": 32,
    "ConvNeXtTiny": 32,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parts_equal_the_whole(name: str) -> None:
    built = built_once(name) if NETWORKS[name] == 32 else classifier(name, NETWORKS[name])
    layers = len(built.backbone.layers)
    depths = (layers - layers // 10, layers // 2, 0, None) if layers < 200 else (layers // 2, None)
    for frozen_layers in depths:
        assert_same(built, cut(built, frozen_layers), frozen_layers)


@pytest.mark.parametrize(
    ("name", "first_trained", "expected"),
    [
        ("MobileNetV2", "block_16_expand", "block_15_add"),
        ("MobileNetV2", "block_16_depthwise", "block_16_expand_relu"),
        ("MobileNetV2", "block_15_depthwise", "block_14_add"),  # the shortcut around block 15 leads past its parts
        ("ResNet50V2", "conv5_block3_preact_bn", "conv5_block2_out"),
        ("DenseNet121", "conv5_block16_0_bn", "conv5_block15_concat"),
        ("DenseNet121", "conv5_block16_2_conv", "conv5_block15_concat"),
        ("NASNetMobile", "normal_conv_1_12", None),
    ],
)
def test_the_cut_lies_where_a_person_would_put_it(name: str, first_trained: str, expected: str | None) -> None:
    built = built_once(name)
    names = [layer.name for layer in built.backbone.layers]
    parts = cut(built, names.index(first_trained))
    assert parts.gains
    if expected is not None:
        assert parts.name == expected
        assert parts.shape == tuple(built.backbone.get_layer(expected).output.shape[1:])
    else:  # every NASNet cell takes the two before it: nothing behind the stem is a single tensor
        assert names.index(parts.name) < 10


def test_all_frozen_is_cut_behind_the_pooling() -> None:
    built = classifier("MobileNetV2", pooling="flatten")
    parts = cut(built, None)
    assert (parts.name, parts.shape, parts.gains) == (ALL, (1280,), True)
    assert cut(built, len(built.backbone.layers)).name == ALL
    # Behind the last convolution there is only a BatchNorm, which never trains, and an activation.
    assert cut(built, len(built.backbone.layers) - 2).name == ALL


def test_nothing_is_gained_before_the_first_trained_layer() -> None:
    assert not cut(built_once("MobileNetV2"), 0).gains
    before = cut(built_once("EfficientNetV2B0"), 0)  # it scales photos by itself; that alone saves nothing
    assert not before.gains
    assert cut(built_once("EfficientNetV2B0"), 40).gains


def test_dropout_of_the_backbone_stays_off_and_the_heads_is_on_while_training() -> None:
    built = classifier("EfficientNetV2B0", dropout=0.5)
    index = [layer.name for layer in built.backbone.layers].index("block6a_expand_conv")
    parts = cut(built, index)
    maps = parts.lower(photos(32))
    means = [np.asarray(v) for v in built.backbone.non_trainable_variables]
    once, again = (np.asarray(parts.tail(maps, training=True)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(*[np.asarray(parts.upper(maps, training=True)) for _ in range(2)])
    whole = parts.whole(photos(32), training=False)
    np.testing.assert_allclose(np.asarray(whole), np.asarray(built.model(photos(32))), atol=1e-5)
    for before, after in zip(means, built.backbone.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(before, np.asarray(after))


def test_training_above_the_cut_equals_training_the_whole() -> None:
    """Three steps through the whole network and three on stored maps end with the same weights."""
    answers = np.array([0, 2])
    ends = []
    for whole in (True, False):
        built = classifier("MobileNetV2", 64, alpha=0.35, dropout=0.0)
        index = [layer.name for layer in built.backbone.layers].index("block_16_expand")
        parts = cut(built, index)
        freeze(built, "fine_tune", index)
        model = built.model if whole else parts.upper
        seen = photos(64) if whole else np.asarray(parts.lower(photos(64)))
        model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
        for _ in range(3):
            model.train_on_batch(seen, answers)
        ends.append([np.asarray(v) for v in built.model.trainable_variables])
    for through, stored in zip(*ends, strict=True):
        np.testing.assert_allclose(through, stored, atol=1e-5)


def test_a_network_of_ones_own(tmp_path: Path) -> None:
    photo = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="first")(photo)
    shortcut = x
    x = keras.layers.Conv2D(4, 3, padding="same", name="second")(x)
    x = keras.layers.Add(name="joined")([x, shortcut])
    x = keras.layers.Conv2D(6, 3, name="third")(x)
    file = tmp_path / "own.keras"
    keras.Model(photo, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))).save(file)
    built = build(RunConfig(backbone=str(file), image_size=32), 3)
    names = [layer.name for layer in built.backbone.layers]
    for first_trained, expected in (("second", "first"), ("joined", "joined"), ("third", "joined")):
        parts = cut(built, names.index(first_trained))
        assert parts.name == expected and parts.gains
        assert_same(built, parts, names.index(first_trained))


@keras.saving.register_keras_serializable("test_cut")
class Unknown(keras.Model):
    """A network whose graph cannot be seen."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.one, self.two = keras.layers.Conv2D(4, 3), keras.layers.Conv2D(5, 3)

    def call(self, x: object) -> object:
        return self.two(self.one(x))


def test_a_network_without_a_graph_falls_back_to_the_photo() -> None:
    built = classifier("MobileNetV2")
    unknown = Unknown()
    photo = keras.Input((32, 32, 3))
    features = keras.layers.GlobalAveragePooling2D(name="pooling")(unknown(built.preprocess(photo), training=False))
    features_model = keras.Model(photo, features)
    head = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    whole = keras.Model(photo, head(features))
    own = Classifier(whole, built.preprocess, unknown, features_model, head)
    parts = cut(own, 1)
    assert (parts.name, parts.gains) == ("photo", False)
    assert_same(own, parts, 1)
    assert cut(own, None).gains
