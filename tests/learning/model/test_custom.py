"""A user's .keras file as a backbone."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from transfer.config import RunConfig
from transfer.errors import ConfigError, WeightsError
from transfer.learning.model import custom
from transfer.learning.model.classifier import build, freeze, layers_of
from transfer.networks.layers import trainable_parameters

RNG = np.random.default_rng(0)
PHOTOS = RNG.uniform(0, 255, (2, 32, 32, 3)).astype("float32")


def saved(model: keras.Model, folder: Path, name: str = "mine") -> Path:
    path = folder / f"{name}.keras"
    model.save(path)
    return path


def small(scaled: bool = False, size: int | None = 32, top: bool = True) -> keras.Model:
    """A convolution, a squeeze-and-excite branch with its own pooling, and a classifier."""
    photo = x = keras.Input((size, size, 3))
    if scaled:
        x = layers.Rescaling(1 / 255)(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="first")(x)
    x = layers.BatchNormalization()(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="sigmoid", name="gate")(gate)
    x = layers.Multiply(name="gated")([x, gate])
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="last")(x)
    if top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Conv2D(10, 1)(x)
        x = layers.Flatten()(x)
        x = layers.Softmax()(x)
    return keras.Model(photo, x)


def test_the_classifier_is_left_behind_and_the_weights_are_kept(tmp_path: Path) -> None:
    model = small()
    found = custom.load(saved(model, tmp_path))
    assert found.network.layers[-1].name == "last"
    assert found.network.output_shape == (None, 16, 16, 12)
    assert "gate" in [layer.name for layer in found.network.layers]
    maps = keras.Model(model.input, model.get_layer("last").output)(PHOTOS)
    np.testing.assert_allclose(found.network(PHOTOS), maps, atol=1e-6)


def test_a_network_without_a_classifier_stays_whole(tmp_path: Path) -> None:
    model = small(top=False)
    assert len(custom.load(saved(model, tmp_path)).network.layers) == len(model.layers)


@pytest.mark.parametrize(("scaled", "name"), [(True, "as_it_is"), (False, "to_minus_one_to_one")])
def test_pixels_are_scaled_unless_the_network_does_it(tmp_path: Path, scaled: bool, name: str) -> None:
    classifier = build(RunConfig(backbone=str(saved(small(scaled), tmp_path))), 3)
    assert classifier.preprocess.layers[-1].name == name
    assert classifier.model(PHOTOS).shape == (2, 3)


def test_a_plain_stack_is_cut_before_its_first_flattening(tmp_path: Path) -> None:
    stack = [layers.Conv2D(4, 3, name="maps"), layers.Flatten(), layers.Dense(8), layers.Dense(2, activation="softmax")]
    model = keras.Sequential([keras.Input((16, 16, 3)), *stack])
    found = custom.load(saved(model, tmp_path))
    assert found.network.layers[-1].name == "maps"
    assert [row.parameters for row in layers_of(found.network)] == [0, 3 * 3 * 3 * 4 + 4]


def test_a_network_without_maps_ends_before_its_last_dense_layers(tmp_path: Path) -> None:
    photo = keras.Input((8, 8, 3))
    x = layers.Reshape((192,))(photo)
    x = layers.Dense(7, activation="relu", name="features")(x)
    x = layers.LayerNormalization(name="normal")(x)
    x = layers.Dense(5)(layers.Dropout(0.5, name="dropout")(x))
    path = saved(keras.Model(photo, layers.Activation("softmax")(x)), tmp_path)
    assert custom.load(path).network.layers[-1].name == "dropout"
    assert build(RunConfig(backbone=str(path)), 3).features.output_shape == (None, 7)


def test_every_layer_can_be_trained_again_but_batchnorm(tmp_path: Path) -> None:
    model = small()
    model.trainable = False
    classifier = build(RunConfig(backbone=str(saved(model, tmp_path))), 3)
    rows = layers_of(custom.load(tmp_path / "mine.keras").network)
    for frozen in (0, 3, len(rows)):
        freeze(classifier, "fine_tune", frozen)
        counted = sum(weight.shape.num_elements() for weight in classifier.backbone.trainable_weights)
        assert counted == trainable_parameters(rows, frozen)
    assert trainable_parameters(rows, 0) == 3 * 9 * 8 + 8 + 8 * 8 + 8 + 8 * 9 * 12 + 12


def test_a_model_that_transfer_wrote_is_a_backbone_again(tmp_path: Path) -> None:
    config = RunConfig(backbone="MobileNetV2", alpha=0.35, weights="random", image_size=32)
    first = build(config, 4)
    path = saved(first.model, tmp_path)
    second = build(RunConfig(backbone=str(path)), 3)
    assert len(second.backbone.layers) == len(first.backbone.layers)
    np.testing.assert_allclose(second.features(PHOTOS), first.features(PHOTOS), atol=1e-5)
    third = build(RunConfig(backbone="MobileNetV2", alpha=0.35, weights=str(path), image_size=32, seed=5), 3)
    np.testing.assert_allclose(third.features(PHOTOS), first.features(PHOTOS), atol=1e-5)


def test_a_network_wrapped_with_augmentation_is_unwrapped(tmp_path: Path) -> None:
    inner = small(top=False)
    stack = [layers.RandomFlip(), inner, layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")]
    path = saved(keras.Sequential([keras.Input((32, 32, 3)), *stack]), tmp_path)
    classifier = build(RunConfig(backbone=str(path)), 3)
    assert len(classifier.backbone.layers) == len(inner.layers)
    np.testing.assert_allclose(classifier.preprocess(PHOTOS), PHOTOS / 127.5 - 1, atol=1e-5)
    np.testing.assert_allclose(classifier.features(PHOTOS), np.mean(inner(PHOTOS / 127.5 - 1), (1, 2)), atol=1e-6)


def test_weights_can_be_made_random_or_taken_from_a_file(tmp_path: Path) -> None:
    model = small(top=False)
    path = saved(model, tmp_path)
    model.get_layer("first").kernel.assign(np.ones((3, 3, 3, 8)))
    model.save_weights(tmp_path / "other.weights.h5")

    def kernel(weights: str) -> np.ndarray:
        classifier = build(RunConfig(backbone=str(path), weights=weights), 2)
        return np.asarray(classifier.backbone.get_layer("first").kernel)

    kept = kernel("imagenet")
    np.testing.assert_array_equal(kept, keras.saving.load_model(path).get_layer("first").kernel)
    assert not np.array_equal(kernel("random"), kept)
    assert kernel(str(tmp_path / "other.weights.h5")).min() == 1
    keras.Sequential([keras.Input((3,)), layers.Dense(2)]).save_weights(tmp_path / "wrong.weights.h5")
    with pytest.raises(WeightsError, match="do not fit"):
        kernel(str(tmp_path / "wrong.weights.h5"))


def test_an_adapted_scaling_survives(tmp_path: Path) -> None:
    scaling = layers.Normalization()
    scaling.adapt(PHOTOS)
    model = keras.Sequential([keras.Input((32, 32, 3)), scaling, layers.Conv2D(2, 3), layers.Flatten()])
    path = saved(model, tmp_path)
    for weights in ("imagenet", "random", str(path)):
        network = build(RunConfig(backbone=str(path), weights=weights), 2).backbone
        np.testing.assert_allclose(network.layers[1](PHOTOS), scaling(PHOTOS), rtol=1e-5, atol=1e-5)


def test_the_photo_size_is_that_of_the_network(tmp_path: Path) -> None:
    fixed, free = saved(small(), tmp_path), saved(small(size=None), tmp_path, "free")
    assert build(RunConfig(backbone=str(fixed)), 2).image_size == 32
    assert build(RunConfig(backbone=str(free)), 2).image_size == 224
    assert build(RunConfig(backbone=str(free), image_size=48), 2).image_size == 48
    with pytest.raises(ConfigError, match="only takes photos of 32 pixels"):
        build(RunConfig(backbone=str(fixed), image_size=48), 2)


def test_files_that_are_no_image_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        custom.load(tmp_path / "absent.keras")
    (tmp_path / "text.keras").write_text("not a model")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        custom.load(tmp_path / "text.keras")
    table = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    with pytest.raises(ConfigError, match="not a network for photos"):
        custom.load(saved(table, tmp_path))
    grey = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3)])
    with pytest.raises(ConfigError, match="not a network for photos"):
        custom.load(saved(grey, tmp_path))


def test_code_in_a_file_is_never_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Lambda(lambda x: x + 1), layers.Conv2D(2, 3)])
    with pytest.raises(ConfigError, match="Lambda"):
        custom.load(saved(model, tmp_path))
