"""The table of networks: complete, true to Keras, and kind to a misspelt name."""

import keras
import pytest

from transfer.errors import ConfigError
from transfer.networks.backbones import BACKBONES, FAMILIES, RECOMMENDED, backbone
from transfer.networks.layers import table
from transfer.networks.packages import PACKAGES


def test_every_network_of_keras_applications_is_offered() -> None:
    offered_by_keras = {
        name for name in dir(keras.applications) if name[0].isupper() and callable(getattr(keras.applications, name))
    }
    assert set(BACKBONES) - set(PACKAGES) == offered_by_keras


@pytest.mark.parametrize("name", BACKBONES)
def test_a_record_agrees_with_the_generated_numbers(name: str) -> None:
    record = BACKBONES[name]
    data = table(name)
    assert list(data["total"]) == [f"{alpha:g}" for alpha in record.alphas]
    assert data["total"]["1"] == record.parameters
    # A weights file holds four bytes per parameter, and little else; those in packages the classifier, too.
    parameters = record.parameters + (1_281_000 if name in PACKAGES else 0)
    assert 1.0 <= record.download_mb * 1e6 / (4 * parameters) < 1.25


@pytest.mark.parametrize("name", BACKBONES)
def test_a_record_says_when_to_choose_the_network(name: str) -> None:
    record = BACKBONES[name]
    assert record.advice.startswith("Choose it ") and record.advice.endswith(".")
    assert 0.6 < record.top1 < 0.9
    assert record.minimum_size <= record.image_size
    assert record.preprocessing in {"tf", "caffe", "torch", "lite", "inside"}


def test_families_hold_every_network_once() -> None:
    assert sorted(record.name for family in FAMILIES.values() for record in family) == sorted(BACKBONES)
    assert RECOMMENDED in BACKBONES


def test_a_name_is_found_whatever_its_capitals() -> None:
    assert backbone(" mobilenetv2 ") is BACKBONES["MobileNetV2"]


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="ResNet50"):
        backbone("Resnet-50")
    with pytest.raises(ConfigError, match=RECOMMENDED):
        backbone("zzz")
