"""How often the answer changes when photos are loaded as others do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from transfer.learning.analysis.loading import measure
from transfer.learning.analysis.prediction import Predictor
from transfer.runs.loading import Loading


class BrighterSide(Predictor):
    """Says which side of a photo is the brighter one."""

    def look(self, photos: np.ndarray) -> np.ndarray:
        halves = [photos[:, :, :16].mean((1, 2, 3)), photos[:, :, 16:].mean((1, 2, 3))]
        shares: np.ndarray = np.stack(halves, axis=1) / sum(halves)[:, None]
        return shares


def test_each_way_is_counted(tmp_path: Path) -> None:
    photo = Image.fromarray(np.tile(np.linspace(0, 255, 200).astype(np.uint8), (150, 1))).convert("RGB")
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down, which others do not undo
    photo.save(tmp_path / "plain.jpg", quality=95)
    photo.save(tmp_path / "turned.jpg", quality=95, exif=turned)
    said = {str(tmp_path / "plain.jpg"): "right", str(tmp_path / "turned.jpg"): "left"}
    found = measure(BrighterSide(("left", "right"), 32), said)
    assert found.photos == 2
    assert found.changed["Pillow's resize"] == found.changed["tf.io and tf.image.resize"] == 1

    found.write(tmp_path)
    assert Loading.read(tmp_path) == found
    assert "Of 2 photos" in found.in_words() and "1 with Pillow's resize" in found.in_words()
    assert Loading(0, {}).in_words() == ""
    assert Loading(9, {"A": 0, "B": 0}).in_words() == "Loaded with A, or with B, these 9 photos get the same class."
    (tmp_path / "loading.json").write_text("{")
    assert Loading.read(tmp_path) is None
