"""Loading: the test photos opened and resized as other programs usually do it. How often does the answer change?

The app turns photos upright, puts transparency on white, may decode a JPEG smaller and resizes antialiased. A program
that uses the model takes what its library offers, and that is the commonest reason for an exported model to answer
otherwise than here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from transfer.dataset.photo import FORMATS, read_photo
from transfer.learning.analysis.evaluation import measured_split
from transfer.learning.analysis.prediction import BATCH, Predictor
from transfer.runs.loading import FILE, Loading
from transfer.runs.run import Run

MOST = 200  # photos
Way = Callable[[str, int], np.ndarray]


def of(run: Run, predictor: Predictor) -> Loading:
    """How often the answers of a run's model change, on its test photos; measured once for a model, then kept."""
    kept = Loading.read(run.evaluation_dir)
    if kept and (run.evaluation_dir / FILE).stat().st_mtime >= run.model_file.stat().st_mtime:
        return kept
    photos = run.dataset.of(measured_split(run.dataset))
    found = measure(predictor, [str(run.dataset.path(photo)) for photo in photos])
    found.write(run.evaluation_dir)
    return found


def measure(predictor: Predictor, paths: Sequence[str]) -> Loading:
    """Ask a model about photos that are loaded in each way that there is here.

    A photo that one of them cannot read counts as another answer; one that the app cannot read is left out.
    """
    size = predictor.image_size
    ours = {
        path: photo
        for path in paths[:: max(1, len(paths) // MOST)][:MOST]
        if (photo := _tried(read_photo, path, size)) is not None
    }
    said = _answers(predictor, list(ours.values()))
    changed = {}
    for name, way in ways().items():
        theirs = {path: photo for path in ours if (photo := _tried(way, path, size)) is not None}
        answers = dict(zip(theirs, _answers(predictor, list(theirs.values())), strict=True))
        changed[name] = sum(answers.get(path) != answer for path, answer in zip(ours, said, strict=True))
    return Loading(len(ours), changed)


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
