"""The web page: a folder that classifies photos in a browser, without a server and without a network connection.

The model is the LiteRT file, in a script, as is the runtime: a page that was opened from a file may not fetch anything.
What else is in the folder are the templates in `templates/web_page`, and in `litert` the runtime as its makers give it
out (where it comes from is in NOTICE.txt there).
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from transfer.dataset.photo import read_photo
from transfer.errors import ExportError
from transfer.formats import find
from transfer.learning.analysis.prediction import KerasPredictor, Limits, Predictor
from transfer.learning.export.format import TEMPLATES, ExportFormat, bytes_as
from transfer.runs.run import Run

PAGE = TEMPLATES / "web_page"
LIMIT = 200_000_000  # bytes of model
PICTURES = ((1, 331, 257), (2, 256, 320), (3, 500, 375))  # that the page checks itself on: seed, width and height


class WebPage(ExportFormat):
    network = "web_page.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        model = bytes_as("litert", predictor, run)
        if len(model) > LIMIT:
            raise ExportError(
                "This network is too large for a web page.",
                expected=f"at most {LIMIT / 1e6:.0f} MB, which a browser still holds as a text",
                found=f"{len(model) / 1e6:.0f} MB",
                fix="Train with a smaller network, such as EfficientNetLite0; or take the server.",
            )
        limits = Limits.of(run)
        about = {
            "name": run.name,
            "size": predictor.image_size,
            "labels": predictor.labels,
            "least": limits.trust.least if limits else None,
            "tolerance": find("web").exactness.difference,
            "checks": checks(predictor),
            "network": base64.b64encode(model).decode(),
        }
        path.write_text(f"const MODEL = {json.dumps(about)};\n", encoding="utf-8")

    def files(self) -> dict[str, Path]:
        page = {file.relative_to(PAGE).as_posix(): file for file in PAGE.rglob("*") if file.is_file()}
        return {**super().files(), **page}


def checks(predictor: Predictor) -> list[dict[str, Any]]:
    """What the app says of the pictures that the page draws, too."""
    found = []
    for seed, width, height in PICTURES:
        file = io.BytesIO()
        Image.fromarray(drawn(seed, width, height)).save(file, "png")
        (row,) = predictor(read_photo(file, predictor.image_size)[None])
        found.append({"seed": seed, "width": width, "height": height, "probabilities": row.tolist()})
    return found


def drawn(seed: int, width: int, height: int) -> np.ndarray:
    """A picture of waves, uint8 (height, width, 3), in whole numbers, so that every machine draws the same."""
    y, x, channel = np.ogrid[:height, :width, :3]
    wave = x * (channel + 1 + seed) + y * (3 * seed + 2 - channel) + (x * y) // (37 + seed)
    return np.abs(wave % 511 - 255).astype(np.uint8)


FORMAT = WebPage()
