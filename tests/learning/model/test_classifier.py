"""The built network: what goes in, what is frozen, what comes out, and that a file of it says the same."""

import os
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.errors import ConfigError, WeightsError
from transfer.learning.model import ahead
from transfer.learning.model.applications import application
from transfer.learning.model.classifier import Classifier, build, freeze
from transfer.networks.backbones import BACKBONES
from transfer.networks.layers import layers, trainable_parameters
from transfer.networks.packages import PACKAGES

PHOTOS = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype("float32")


def config(backbone: str = "MobileNetV2", **values: object) -> RunConfig:
    alpha = BACKBONES[backbone].alphas[0] if backbone in BACKBONES else 1.0
    return RunConfig.from_dict({"backbone": backbone, "alpha": alpha, "weights": "random", "image_size": 32, **values})


@pytest.fixture
def half_precision() -> Iterator[None]:
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    yield
    keras.mixed_precision.set_global_policy(before)


@pytest.mark.parametrize(
    ("backbone", "module"),
    [
        ("MobileNetV2", "mobilenet_v2"),
        ("VGG16", "vgg16"),
        ("DenseNet121", "densenet"),
        ("EfficientNetB0", "efficientnet"),
        ("MobileNetV3Small", "mobilenet_v3"),
    ],
)
def test_preprocessing_is_that_of_keras(backbone: str, module: str) -> None:
    expected = getattr(keras.applications, module).preprocess_input(PHOTOS.copy())
    np.testing.assert_allclose(build(config(backbone), 2).preprocess(PHOTOS), expected, rtol=1e-5, atol=1e-4)


def test_every_network_has_the_preprocessing_of_its_module() -> None:
    grey = np.full((1, 2, 2, 3), 127.5, "float32") + np.arange(3, dtype="float32")
    first = {"tf": 0.0, "caffe": 129.5 - 103.939, "torch": (0.5 - 0.485) / 0.229, "inside": 127.5}
    for name, record in BACKBONES.items():
        if name in PACKAGES:  # no module of Keras
            assert record.preprocessing == "lite"
            continue
        module = __import__(getattr(keras.applications, name).__module__, fromlist=["preprocess_input"])
        found = module.preprocess_input(grey.copy())[0, 0, 0, 0]
        assert found == pytest.approx(first[record.preprocessing], abs=1e-3), name


# ---------------------------------------------------------------------- files


@pytest.mark.parametrize("backbone", ["MobileNetV2", "VGG16", "EfficientNetB0", "ConvNeXtTiny"])
def test_a_saved_model_loads_without_transfer_and_answers_the_same(backbone: str, tmp_path: Path) -> None:
    model = build(config(backbone), 3).model
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded(PHOTOS), model(PHOTOS), atol=1e-6)
    assert model.count_params() == loaded.count_params()


def test_efficientnet_is_the_network_its_imagenet_weights_were_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = application(BACKBONES["EfficientNetB0"], 1.0, 32)
    (normal,) = [layer for layer in mine.layers if isinstance(layer, keras.layers.Normalization)]
    normal.set_weights([np.array([0.5, 0.4, 0.4]), np.array([0.2, 0.2, 0.2]), np.array(0)])
    normal.finalize_state()
    mine.save_weights(tmp_path / "b0.weights.h5")
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(tmp_path / "b0.weights.h5"))
    theirs = keras.applications.EfficientNetB0(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
    assert [type(layer) for layer in theirs.layers] == [type(layer) for layer in mine.layers]
    np.testing.assert_allclose(theirs(PHOTOS), mine(PHOTOS), rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------------- freezing


def batchnorms(classifier: Classifier) -> list[keras.layers.BatchNormalization]:
    return [layer for layer in classifier.backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]


@pytest.mark.parametrize("backbone", ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"])
def test_what_is_trained_is_what_the_tables_say(backbone: str) -> None:
    chosen = config(backbone)
    classifier = build(chosen, 3)
    rows = layers(backbone, chosen.alpha)
    assert classifier.backbone.trainable_weights == []
    for frozen in (None, 0, 1, len(rows) // 2, len(rows) - 5, len(rows)):
        freeze(classifier, "fine_tune", frozen)
        counted = sum(int(np.prod(weight.shape)) for weight in classifier.backbone.trainable_weights)
        assert counted == trainable_parameters(rows, frozen)
        assert len(classifier.head.trainable_weights) == 2
    freeze(classifier, "head", 0)
    assert classifier.backbone.trainable_weights == []


def test_fine_tuning_leaves_frozen_layers_and_every_batchnorm_alone() -> None:
    classifier = build(config(), 3)
    names = [layer.name for layer in classifier.backbone.layers]
    frozen = names.index("block_13_expand")
    freeze(classifier, "fine_tune", frozen)
    classifier.model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    before = {layer.name: [np.copy(w) for w in layer.get_weights()] for layer in classifier.backbone.layers}
    classifier.model.fit(PHOTOS, np.array([0, 1, 2, 0]), epochs=2, verbose=0)
    changed = {
        layer.name
        for layer in classifier.backbone.layers
        if any(not np.array_equal(a, b) for a, b in zip(before[layer.name], layer.get_weights(), strict=True))
    }
    may_change = {layer.name for layer in classifier.backbone.layers[frozen:] if layer.get_weights()}
    assert changed <= may_change - {layer.name for layer in batchnorms(classifier)}
    assert {"block_16_project", "Conv_1"} <= changed


@pytest.mark.parametrize("backbone", ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"])
def test_a_backbone_answers_the_same_in_training_and_prediction(backbone: str) -> None:
    classifier = build(config(backbone), 3)
    freeze(classifier, "fine_tune", 0)
    assert not any(layer.trainable for layer in batchnorms(classifier))
    np.testing.assert_allclose(
        classifier.features(PHOTOS, training=True), classifier.features(PHOTOS, training=False), atol=1e-6
    )


# ---------------------------------------------------------------------- head


def test_parts_share_their_weights_with_the_model() -> None:
    classifier = build(config(), 3)
    answer = np.asarray(classifier.model(PHOTOS))
    np.testing.assert_allclose(classifier.head(classifier.features(PHOTOS)), answer, atol=1e-6)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
    assert classifier.image_size == 32


@pytest.mark.parametrize(("pooling", "width"), [("avg", 1280), ("max", 1280), ("flatten", 4 * 1280)])
def test_pooling(pooling: str, width: int) -> None:
    classifier = build(config(pooling=pooling, image_size=64), 3)
    maps = np.asarray(classifier.backbone(classifier.preprocess(np.repeat(np.repeat(PHOTOS, 2, 1), 2, 2))))
    expected = {"avg": maps.mean((1, 2)), "max": maps.max((1, 2)), "flatten": maps.reshape(4, -1)}[pooling]
    assert expected.shape == (4, width)
    np.testing.assert_allclose(classifier.features(np.repeat(np.repeat(PHOTOS, 2, 1), 2, 2)), expected, atol=1e-5)


def test_the_head_of_the_tutorial() -> None:
    head = build(config(pooling="flatten", hidden_units=256, dropout=0), 5).head
    assert [(type(layer).__name__, layer.units, layer.activation.__name__) for layer in head.layers] == [
        ("Dense", 256, "relu"),
        ("Dense", 5, "softmax"),
    ]
    kinds = [type(layer).__name__ for layer in build(config(hidden_units=8, dropout=0.5), 5).head.layers]
    assert kinds == ["Dense", "Dropout", "Dense"]


@pytest.mark.usefixtures("half_precision")
def test_under_mixed_precision_only_the_backbone_computes_in_halves() -> None:
    classifier = build(config(hidden_units=8), 3)
    assert classifier.preprocess(PHOTOS).dtype == "float32"
    assert classifier.backbone.output.dtype == "float16"
    assert classifier.features(PHOTOS).dtype == "float32"
    assert classifier.model(PHOTOS).dtype == "float32"
    assert {weight.dtype for weight in classifier.model.weights} <= {"float32", "uint32", "int64"}


# ---------------------------------------------------------------------- weights and mistakes


@pytest.mark.parametrize("backbone", ["MobileNetV2", "EfficientNetB0"])
def test_the_seed_decides_every_weight(backbone: str) -> None:
    one, same, other = (build(config(backbone, seed=seed), 3).model.get_weights() for seed in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_weights_file_is_loaded(tmp_path: Path) -> None:
    first = build(config(seed=1), 3)
    first.backbone.save_weights(tmp_path / "mine.weights.h5")
    second = build(config(seed=2, weights=str(tmp_path / "mine.weights.h5"), image_size=64), 2)
    for a, b in zip(first.backbone.get_weights(), second.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(WeightsError, match="do not fit"):
        build(config(weights=str(tmp_path / "mine.weights.h5"), alpha=0.5), 2)
    (tmp_path / "torn.weights.h5").write_bytes((tmp_path / "mine.weights.h5").read_bytes()[:5000])
    with pytest.raises(WeightsError, match="damaged"):
        build(config(weights=str(tmp_path / "torn.weights.h5")), 2)


def test_settings_that_do_not_suit_the_network_are_refused() -> None:
    with pytest.raises(ConfigError, match="too small"):
        build(config("Xception", image_size=64), 2)
    with pytest.raises(ConfigError, match=r"expected: alpha|width"):
        build(config(alpha=0.36), 2)
    with pytest.raises(ConfigError, match="between 0 and 154"):
        build(config(frozen_layers=155), 2)
    with pytest.raises(ConfigError, match="no network called"):
        build(config("MobileNetV9"), 2)


@pytest.mark.skipif("TRANSFER_KERAS_HOME" not in os.environ, reason="needs real weights: set TRANSFER_KERAS_HOME")
@pytest.mark.parametrize(("backbone", "alpha"), [("MobileNetV2", 0.35), ("MobileNet", 0.75)])
def test_imagenet_weights_are_those_of_keras(backbone: str, alpha: float, monkeypatch: pytest.MonkeyPatch) -> None:
    home = os.environ["TRANSFER_KERAS_HOME"]
    monkeypatch.setenv("KERAS_HOME", home)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", home)
    options = {"alpha": alpha, "include_top": False, "input_shape": (224, 224, 3)}
    theirs = getattr(keras.applications, backbone)(weights="imagenet", **options)
    mine = build(config(backbone, alpha=alpha, weights="imagenet", image_size=None), 2).backbone
    for a, b in zip(theirs.get_weights(), mine.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_backbone_built_ahead_is_the_same_one_and_is_taken_once() -> None:
    plain = build(config(), 2)
    ahead.prepare(config())
    waiting = next(iter(ahead._built.values()))
    other = build(config(seed=1), 2)  # knows something else
    assert other.backbone is not waiting
    first, second = build(config(), 2), build(config(), 2)
    assert first.backbone is waiting and second.backbone is not waiting
    for built in (first, second):
        np.testing.assert_array_equal(built.model(PHOTOS), plain.model(PHOTOS))
    ahead.prepare(config("nothing.keras"))
    assert not ahead._built
