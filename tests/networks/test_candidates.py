"""Candidates: what is ready on this machine, at every width and size, and what is not."""

from pathlib import Path

import pytest

from transfer.config import RunConfig
from transfer.networks import weights
from transfer.networks.backbones import BACKBONES
from transfer.networks.candidates import Candidate, elsewhere, ready


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no"))


def put(name: str, alpha: float = 1.0, size: int | None = None) -> None:
    weights.weights_file(BACKBONES[name], alpha, size).path.touch()


def test_the_quickest_comes_first() -> None:
    put("VGG16")
    put("MobileNetV2", 0.35)
    put("MobileNetV2", 0.35, 96)
    found = [each for each in ready() if each.backbone not in {"EfficientNetLite1", "EfficientNetLite2"}]
    assert [each.name for each in found] == [
        "MobileNetV2 alpha 0.35 at 96 px",
        "MobileNetV2 alpha 0.35",
        "EfficientNetLite0",
        "VGG16",
    ]
    assert found[1].seconds(100) == pytest.approx(found[0].seconds(100) * (224 / 96) ** 2)


def test_a_candidate_chooses_itself() -> None:
    put("MobileNet", 0.25, 128)
    candidate = Candidate("MobileNet", 0.25, 128)
    assert candidate in ready()
    config = RunConfig(**candidate.settings)
    assert weights.require(config).path.name == weights.weights_file(BACKBONES["MobileNet"], 0.25, 128).name
    assert Candidate("EfficientNetLite0", 1.0, 224).settings["image_size"] is None


def test_the_others_are_those_of_which_nothing_is_here() -> None:
    put("MobileNetV2", 0.35)
    names = [record.name for record in elsewhere()]
    assert "MobileNetV2" not in names and "EfficientNetLite0" not in names
    assert names[0] == "ConvNeXtXLarge" and len(names) >= len(BACKBONES) - 4
