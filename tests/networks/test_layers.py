"""The generated layer tables against Keras, and the blocks told from them."""

from itertools import pairwise

import keras
import pytest

from transfer.errors import ConfigError
from transfer.learning.model.applications import application
from transfer.learning.model.classifier import layers_of
from transfer.networks.backbones import BACKBONES
from transfer.networks.layers import assemble, block_names, blocks, layers, table, trainable_parameters

WIDTHS = [(name, alpha) for name, record in BACKBONES.items() for alpha in record.alphas]
# Small enough to be built again in every run of the tests; together they cover every way of telling blocks.
SMALL = [
    ("MobileNet", 0.25),
    ("MobileNetV2", 0.35),
    ("MobileNetV2", 1.4),
    ("MobileNetV3Small", 0.75),
    ("MobileNetV3Large", 1.0),
    ("EfficientNetLite0", 1.0),
    ("EfficientNetLite2", 1.0),
    ("EfficientNetB0", 1.0),
    ("EfficientNetV2B0", 1.0),
    ("DenseNet121", 1.0),
    ("ResNet50V2", 1.0),
    ("NASNetMobile", 1.0),
    ("VGG16", 1.0),
]


@pytest.mark.parametrize(("name", "alpha"), SMALL)
def test_a_table_is_what_keras_builds(name: str, alpha: float) -> None:
    keras.utils.clear_session()  # Keras numbers unnamed layers over the whole session
    record = BACKBONES[name]
    model = application(record, alpha, 64)  # a size the table was not made with
    assert layers_of(model) == layers(name, alpha)
    assert model.count_params() == table(name)["total"][f"{alpha:g}"]


@pytest.mark.parametrize(("name", "alpha"), WIDTHS)
def test_blocks_cover_every_layer_once(name: str, alpha: float) -> None:
    rows = layers(name, alpha)
    parts = blocks(rows)
    assert rows[0].kind == "InputLayer"
    assert (parts[0].start, parts[-1].stop) == (0, len(rows))
    assert all(one.stop == two.start for one, two in pairwise(parts))
    assert len({part.name for part in parts}) == len(parts) >= 5
    assert max(part.stop - part.start for part in parts) <= len(rows) / 3
    assert sum(part.parameters for part in parts) == trainable_parameters(rows, 0)
    assert all(row.parameters == 0 for row in rows if row.kind == "BatchNormalization")
    assert (
        0.9 * table(name)["total"][f"{alpha:g}"] < trainable_parameters(rows, 0) <= table(name)["total"][f"{alpha:g}"]
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VGG16", ["block1", "block2", "block3", "block4", "block5"]),
        ("ResNet50", ["stem", "conv2_block1", "conv5_block3"]),
        ("MobileNetV2", ["stem", "block_3", "block_16", "top"]),
        ("MobileNet", ["stem", "block_1", "block_13"]),
        ("InceptionV3", ["mixed0", "mixed3", "mixed10"]),
        ("InceptionResNetV2", ["mixed_5b", "block35_1", "mixed_6a", "block17_20", "block8_1", "top"]),
        ("Xception", ["block1", "block2", "block14"]),
        ("EfficientNetB0", ["stem", "block1a", "block2a", "block7a", "top"]),
        ("ConvNeXtTiny", ["stem", "stage_0_block_0", "downsampling_block_0", "stage_3_block_2"]),
        ("DenseNet121", ["stem", "conv2_block1", "pool2", "conv5_block16", "top"]),
    ],
)
def test_blocks_have_the_names_of_the_literature(name: str, expected: list[str]) -> None:
    names = [part.name for part in blocks(layers(name))]
    assert [name for name in names if name in expected] == expected


def test_frozen_layers_leave_the_rest_to_train() -> None:
    rows = layers("VGG16")
    assert trainable_parameters(rows, None) == 0
    assert trainable_parameters(rows, 0) == 14714688
    assert trainable_parameters(rows, 15) == 7079424  # the three convolutions of block5
    assert trainable_parameters(rows, len(rows)) == 0


def test_a_network_without_named_blocks_is_parted_where_branches_meet() -> None:
    kinds = ["InputLayer", "Conv2D", "Conv2D", "Add", "Conv2D", "Add", "Conv2D"]
    assert block_names([f"layer_{i}" for i in range(7)], kinds) == ["part 1"] * 4 + ["part 2"] * 2 + ["top"]


def test_a_plain_stack_is_parted_at_its_pooling() -> None:
    kinds = ["InputLayer", "Conv2D", "MaxPooling2D", "Conv2D"]
    assert block_names(list("abcd"), kinds) == ["part 1"] * 3 + ["top"]
    assert block_names(["a", "b"], ["InputLayer", "Conv2D"]) == ["all layers"] * 2
    assert blocks(assemble([], [], [])) == []


def test_an_unknown_network_or_width_is_refused() -> None:
    with pytest.raises(ConfigError, match="no layer table"):
        layers("../config")
    with pytest.raises(ConfigError, match=r"1\.3, 1\.4"):
        layers("MobileNetV2", 1.2)
