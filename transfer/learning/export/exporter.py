"""Export: a trained model as a zip that works without Transfer, checked before anybody gets it.

Each zip holds the model, labels.txt, a model card, predict.py with the photo decoder it needs, and parity.json. Parity
is not assumed: the exported predict.py runs in a process of its own and must say what the app says.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from transfer.dataset import photo as decoder
from transfer.errors import ExportError
from transfer.formats import FORMATS
from transfer.learning.analysis.prediction import Predictor, load
from transfer.learning.export.card import card, predict_script, requirements
from transfer.runs.run import Run

TOLERANCE = 1e-3  # greatest allowed difference of a probability
CHECKED = 64  # photos the exported model is checked on
TIMEOUT = 900.0  # seconds for that check


@dataclass(frozen=True)
class Exported:
    """A finished export.

    Attributes:
        format: keras, savedmodel or litert.
        zip: the file.
        megabytes: of the zip, 2**20 bytes.
        milliseconds_per_photo: of predict.py, one photo at a time on the processor; None without photos.
        max_difference: greatest difference of a probability from the app's.
    """

    format: str
    zip: Path
    megabytes: float
    milliseconds_per_photo: float | None
    max_difference: float

    def to_dict(self, run: Run) -> dict[str, Any]:
        """Ready for JSON; the zip's path relative to the run directory."""
        return {**asdict(self), "zip": self.zip.relative_to(run.path).as_posix()}


def export(run: Run, format: str, predictor: Predictor | None = None) -> Exported:
    """Write a run's model in one format into `exports/<format>/` and `exports/<name>-<format>.zip`.

    Args:
        predictor: the trained model when it is loaded already.

    Raises:
        ExportError: the format is unknown, the model cannot be converted, or the file does not say what the app says.
        RunError: the run has no trained model.
    """
    if format not in FORMATS:
        raise ExportError(
            f"There is no export format called “{format}”.",
            expected=f"one of {', '.join(FORMATS)}",
            found=format,
            fix="Choose one of these.",
        )
    kind, predictor = FORMATS[format], predictor or load(run)
    run.exports_dir.mkdir(parents=True, exist_ok=True)
    folder = run.exports_dir / f".{format}.{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        _write_model(predictor.model, folder / kind.model, format)
        (folder / "labels.txt").write_text("\n".join(predictor.labels) + "\n", encoding="utf-8")
        (folder / "predict.py").write_text(predict_script(kind, predictor.image_size), encoding="utf-8")
        (folder / "requirements.txt").write_text(requirements(kind), encoding="utf-8")
        shutil.copyfile(str(decoder.__file__), folder / "photo.py")
        parity = check(folder, predictor, _photos(run), format)
        (folder / "parity.json").write_text(json.dumps(parity, indent=1), encoding="utf-8")
        megabytes = _megabytes(folder / kind.model)
        size = predictor.image_size
        text = card(kind, run.name, run.config, run.dataset, size, run.metrics(), parity, megabytes)
        (folder / "README.md").write_text(text, encoding="utf-8")
        archive = _zip(folder, run.exports_dir / f"{_slug(run.name)}-{format}.zip")
        _swap(folder, run.exports_dir / format)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Exported(
        format, archive, round(_megabytes(archive), 3), parity["milliseconds_per_photo"], parity["max_difference"]
    )


def check(folder: Path, predictor: Predictor, paths: list[str], format: str) -> dict[str, Any]:
    """Run the exported predict.py on photos and compare it with the app.

    Raises:
        ExportError: when it fails, names another class, or a probability differs by more than `TOLERANCE`.
    """
    expected = {answer.path: dict(answer.classes) for answer in predictor.predict(paths) if answer.error is None}
    said = _predicted(folder, list(expected), format) if expected else []
    worst, worst_photo = 0.0, ""
    for answer in said:
        ours, theirs = expected[answer["path"]], answer["classes"]
        difference = max(abs(ours[label] - theirs[label]) for label in predictor.labels)
        if difference > worst:
            worst, worst_photo = difference, answer["path"]
        top = max(ours, key=lambda label: ours[label])
        # Two classes may be as good as equal; then either is right.
        if difference > TOLERANCE or ours[top] - ours[max(theirs, key=lambda label: theirs[label])] > 2 * TOLERANCE:
            raise ExportError(
                "The exported model does not say what the app says, so it was not kept.",
                expected=f"for {Path(answer['path']).name}: {top} {ours[top]:.4f} (within {TOLERANCE:g})",
                found=f"{theirs[top]:.4f}, a difference of {difference:.2g}",
                fix="Try another format; the Keras format is the safest. Please report this with the run's settings.",
            )
    times = [answer["milliseconds"] for answer in said[1:]] or [answer["milliseconds"] for answer in said]
    return {
        "photos": len(said),
        "max_difference": worst,
        "worst_photo": Path(worst_photo).name,
        "tolerance": TOLERANCE,
        "milliseconds_per_photo": round(float(np.median(times)), 2) if times else None,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def _predicted(folder: Path, paths: list[str], format: str) -> list[dict[str, Any]]:
    # -1 hides GPUs: the app's answers come from the processor, and a GPU may be busy training.
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            [sys.executable, "predict.py", "--json", *paths],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]
    except (subprocess.SubprocessError, ValueError) as trouble:
        said = str(getattr(trouble, "stderr", "") or trouble)
        raise ExportError(
            f"The exported {FORMATS[format].title} model does not run.",
            expected="predict.py of the export to name a class for each photo",
            found=said[-1500:].strip(),
            fix="Try another format; the Keras format is the safest.",
        ) from trouble


def _write_model(model: keras.Model, path: Path, format: str) -> None:
    try:
        if format == "keras":
            model.save(path)
        elif format == "savedmodel":
            model.export(path, format="tf_saved_model", verbose=False)
        else:  # its own operations only: the small interpreter has none of TensorFlow's
            operations = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
            model.export(path, format="litert", verbose=False, target_spec=operations)
    except Exception as trouble:  # converters raise nearly anything
        raise ExportError(
            f"The model could not be written in the {FORMATS[format].title} format.",
            expected="a network that this format can hold, and room on the disk",
            found=f"{type(trouble).__name__}: {str(trouble)[:800]}",
            fix="Try another format; the Keras format is the safest.",
        ) from trouble


def _photos(run: Run) -> list[str]:
    """Photos to check an export with: test photos, else validation, spread over the split."""
    photos = run.dataset.of("test") or run.dataset.of("validation")
    every = max(1, len(photos) // CHECKED)
    return [str(run.dataset.path(photo)) for photo in photos[::every][:CHECKED]]


def _zip(folder: Path, archive: Path) -> Path:
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    file.write(path, Path(archive.stem) / path.relative_to(folder))
        temporary.replace(archive)
    finally:
        temporary.unlink(missing_ok=True)
    return archive


def _swap(folder: Path, place: Path) -> None:
    """Put a folder in a place that may be taken; the place is empty only between two renames."""
    old = place.with_name(f".{place.name}.old.{os.getpid()}")
    if place.exists():
        place.rename(old)
    folder.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 2**20


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60] or "model"
