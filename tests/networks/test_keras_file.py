"""Files that would do harm are refused from their bytes alone; what Keras writes is loaded in `learning.model`."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.networks.keras_archive import HOSTILE, keras_archive, layer, network, trained
from transfer.errors import ConfigError
from transfer.networks import keras_file


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_do_harm_is_refused_at_once(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path / "evil.keras")
    begun = time.monotonic()
    with pytest.raises(ConfigError, match=r"evil\.keras cannot be loaded as a Keras model") as refused:
        keras_file.check(path)
    assert time.monotonic() - begun < 5
    assert refused.value.found and refused.value.fix


def test_what_is_harmless_is_not(tmp_path: Path) -> None:
    keras_file.check(keras_archive(tmp_path / "mine.keras"))
    keras_file.check(keras_archive(tmp_path / "mine.keras", trained(), members={"assets/": b""}))
    scale = layer("LayerScale", module="keras.src.applications.convnext")  # of ConvNeXt, beside the network
    keras_file.check(keras_archive(tmp_path / "mine.keras", network(scale)))


@pytest.mark.skipif(os.name != "posix", reason="a file that nobody may read")
def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        keras_file.check(tmp_path)
