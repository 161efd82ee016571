"""EfficientNet-Lite with its published weights: what it says of an image is what it said when it was checked."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from transfer.config import RunConfig
from transfer.dataset.photo import read_photo
from transfer.learning.model import efficientnet_lite
from transfer.learning.model.classifier import build
from transfer.networks.backbones import backbone
from transfer.networks.packages import PACKAGES
from transfer.networks.weights import weights_file

SHARED = os.environ.get("TRANSFER_SHARED_PHOTOS")
# The three likeliest of ImageNet's classes for `picture`, with their probabilities.
FINGERPRINTS = {
    "EfficientNetLite0": [(722, 0.21678), (417, 0.06859), (818, 0.06159)],
    "EfficientNetLite1": [(722, 0.57519), (574, 0.05625), (522, 0.04716)],
    "EfficientNetLite2": [(722, 0.11234), (409, 0.04571), (574, 0.02916)],
}
ANTS_AND_BEES = {"ants": 310, "bees": 309}  # ImageNet's numbers of ant and bee


def with_top(name: str) -> keras.Model:
    file = weights_file(backbone(name))
    if not file.present:
        pytest.skip(f"{file.package} is not installed")
    size = backbone(name).image_size
    network = efficientnet_lite.efficientnet_lite(name, (size, size, 3), include_top=True)
    efficientnet_lite.load(network, file.path, file.hash)
    return network


def picture(size: int) -> np.ndarray:
    """A slope of colours with a disc on it."""
    y, x = np.mgrid[0:size, 0:size] / size
    disc = np.hypot(x - 0.5, y - 0.5) < 0.3
    return np.stack([np.where(disc, 220, 255 * x), 255 * y, np.where(disc, 40, 128)], axis=-1)[None].astype("float32")


@pytest.mark.parametrize("name", PACKAGES)
def test_it_answers_as_it_did_when_it_was_checked(name: str) -> None:
    expected = FINGERPRINTS[name]
    network = with_top(name)
    answer = network.predict_on_batch((picture(backbone(name).image_size) - 127) / 128)[0]
    found = np.argsort(-answer)[:3]
    assert found.tolist() == [number for number, _ in expected]
    assert answer[found].tolist() == pytest.approx([share for _, share in expected], abs=2e-4)


def test_the_backbone_of_a_run_is_the_same_network() -> None:
    classifier = build(RunConfig(backbone="EfficientNetLite0"), 2)
    whole = with_top("EfficientNetLite0")
    pooled = keras.Model(whole.input, whole.get_layer("avg_pool").output)
    photo = picture(224)
    expected = pooled.predict_on_batch((photo - 127) / 128)
    np.testing.assert_allclose(classifier.features.predict_on_batch(photo), expected, atol=1e-5)


@pytest.mark.skipif(not SHARED, reason="no shared photos (TRANSFER_SHARED_PHOTOS)")
@pytest.mark.parametrize("name", PACKAGES)
def test_it_knows_ants_and_bees_by_name(name: str) -> None:
    network, size, right = with_top(name), backbone(name).image_size, 0
    for folder, number in ANTS_AND_BEES.items():
        files = sorted((Path(str(SHARED)) / "ants_bees" / "train" / folder).glob("*.jpg"))[:30]
        photos = np.stack([read_photo(file, size) for file in files]).astype("float32")
        right += int((network.predict_on_batch((photos - 127) / 128).argmax(axis=1) == number).sum())
    assert right >= 44  # of 60 photos, one of a thousand names; 45, 46 and 49 when it was written
