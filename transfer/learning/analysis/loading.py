"""Loading: the test photos opened and resized as other programs usually do it. How often does the answer change?

The app turns photos upright, puts transparency on white, may decode a JPEG smaller and resizes antialiased. A program
that uses the model takes what its library offers, and that is the commonest reason for an exported model to answer
otherwise than here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from transfer.dataset.photo import FORMATS
from transfer.learning.analysis.prediction import BATCH, Predictor
from transfer.runs.loading import FILE, Loading
from transfer.runs.run import Run

MOST = 200  # photos
Way = Callable[[str, int], np.ndarray]


def known(run: Run) -> bool:
    """Whether this was measured for the model that a run has now."""
    kept = Loading.read(run.evaluation_dir)
    return kept is not None and (run.evaluation_dir / FILE).stat().st_mtime >= run.model_file.stat().st_mtime


def measure(predictor: Predictor, said: Mapping[str, str]) -> Loading:
    """Ask a model about photos that are loaded in each way that there is here.

    A photo that one of them cannot read counts as another answer.

    Args:
        said: path to the class that the app names, of photos that it can read.
    """
    size, labels = predictor.image_size, predictor.labels
    paths = list(said)[:: max(1, len(said) // MOST)][:MOST]
    changed = {}
    for name, way in ways().items():
        theirs = {path: photo for path in paths if (photo := _tried(way, path, size)) is not None}
        answers = dict(zip(theirs, _answers(predictor, list(theirs.values())), strict=True))
        changed[name] = sum(path not in answers or labels[answers[path]] != said[path] for path in paths)
    return Loading(len(paths), changed)


def ways() -> dict[str, Way]:
    """Usual ways to load a photo, (path, size) -> (size, size, 3) uint8 RGB, by what they are called."""
    found = {"Pillow's resize": _pillow, "tf.io and tf.image.resize": _tensorflow}
    return found | ({"OpenCV": _opencv} if find_spec("cv2") else {})


def _pillow(path: str, size: int) -> np.ndarray:
    with Image.open(path, formats=FORMATS) as image:  # only what the app opens, too
        return np.asarray(image.convert("RGB").resize((size, size)))


def _tensorflow(path: str, size: int) -> np.ndarray:
    import tensorflow as tf

    photo = tf.io.decode_image(Path(path).read_bytes(), channels=3, expand_animations=False)
    return np.clip(np.rint(tf.image.resize(photo, (size, size))), 0, 255).astype(np.uint8)


def _opencv(path: str, size: int) -> np.ndarray:
    import cv2

    photo: Any = cv2.resize(cv2.imread(path), (size, size))
    return np.asarray(photo)[..., ::-1]


def _tried(way: Way, path: str, size: int) -> np.ndarray | None:
    try:
        return way(path, size)
    except Exception:  # every library has its own
        return None


def _answers(predictor: Predictor, photos: list[np.ndarray]) -> list[int]:
    batches = [np.stack(photos[begin : begin + BATCH]) for begin in range(0, len(photos), BATCH)]
    return [int(row.argmax()) for batch in batches for row in predictor(batch)]
