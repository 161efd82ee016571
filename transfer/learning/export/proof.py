"""The proof: an export runs in a fresh process, on real photos, and must say what the app says.

The `.keras` file that a run writes by itself is tried on a few photos, because somebody waits; everything else on all
test photos, up to `MOST`, and timed on photos that come one at a time while nothing else is computed here.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from transfer.errors import ExportError
from transfer.formats import Exactness
from transfer.learning.analysis.evaluation import measured_split
from transfer.learning.analysis.prediction import Predictor
from transfer.learning.export.format import ExportFormat
from transfer.learning.export.fresh import Program
from transfer.runs.exported import Parity
from transfer.runs.run import Run

FEW, MOST = 32, 1000  # photos an export is tried on, at most
AT_ONCE = 16  # of them: few enough for the memory, many enough for two calls to do


def prove(
    writer: ExportFormat,
    exactness: Exactness,
    folder: Path,
    predictor: Predictor,
    photos: dict[str, str],
    thorough: bool = True,
    step: Callable[..., object] = lambda name, lines="": None,
) -> Parity:
    """Run the export in a folder on photos and compare it with the app.

    Args:
        photos: path to class.
        thorough: time it as well, one photo at a time.
        step: called with each of `making.STEPS` that begins, and a file that gets a line for each photo.

    Raises:
        ExportError: when it fails, or what it says is further from the app than `exactness` allows.
    """
    if thorough:
        step("app")
        said_by_app(predictor, tuple(photos))  # before, so that nothing gets in the way of what is timed
    program = writer.start(folder, list(photos), thorough) if photos else None
    if program is not None:
        step("prove", str(program.printed))
    # Else at the same time: loading the export keeps one core busy.
    expected = said_by_app(predictor, tuple(photos))
    answers = [] if program is None else [each for each in _answers(writer, program) if each["path"] in expected]
    same, right, app_right, worst, worst_photo = 0, 0, 0, 0.0, ""
    for answer in answers:
        path, theirs = answer["path"], answer["classes"]
        ours = expected[path]
        difference = max(abs(ours[label] - theirs[label]) for label in predictor.labels)
        if difference > worst:
            worst, worst_photo = difference, path
        ours_top, theirs_top = (max(said, key=said.__getitem__) for said in (ours, theirs))
        # Two classes may be as good as equal; then either is right.
        same += ours[ours_top] - ours[theirs_top] <= 2 * (exactness.difference or 0)
        right += theirs_top == photos[path]
        app_right += ours_top == photos[path]
    count = max(len(answers), 1)
    mark = _shortfall(exactness, same, len(answers), worst, Path(worst_photo).name)
    if mark and not exactness.kept:
        raise ExportError(
            "The exported model does not say what the app says, so it was not kept.",
            expected=f"the same class on {exactness.agreement:.1%} of {len(answers)} photos, and probabilities within "
            f"{exactness.difference:g}",
            found=mark,
            fix="Try another format; the Keras format is the safest. Please report this with the run's settings.",
        )
    alone: list[float] = [each["network_milliseconds"] for each in answers[:AT_ONCE]] if thorough else []
    times = [answer["milliseconds"] for answer in answers[AT_ONCE:] or answers]  # the first wait for the network
    return Parity(
        photos=len(answers),
        max_difference=worst,
        worst_photo=Path(worst_photo).name,
        tolerance=exactness.difference,
        agreement=same / count if answers else None,
        accuracy=right / count if answers else None,
        app_accuracy=app_right / count if answers else None,
        first_milliseconds=_rounded(alone[:1]),
        steady_milliseconds=_rounded(alone[1:]),
        milliseconds_per_photo=_rounded(times),
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        mark=mark,
    )


def photos(run: Run, most: int = MOST) -> dict[str, str]:
    """Photos to try an export of a run on, with their classes: test photos, else validation, spread over the split."""
    found = run.dataset.of(measured_split(run.dataset))
    every = max(1, len(found) // most)
    classes = run.dataset.classes
    return {str(run.dataset.path(photo)): classes[photo.label] for photo in found[::every][:most]}


@lru_cache(maxsize=1)
def said_by_app(predictor: Predictor, paths: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """What the app says of each photo that can be read; remembered, since one format after the other is tried."""
    said = predictor.predict(paths, batch_size=AT_ONCE)
    return {answer.path: dict(answer.classes) for answer in said if answer.error is None}


def _shortfall(exactness: Exactness, same: int, photos: int, worst: float, worst_photo: str) -> str:
    """What is further from the app than allowed, as a sentence; "" when nothing is."""
    if same < exactness.agreement * photos:
        return (
            f"It names another class than the app on {photos - same} of {photos} photos "
            f"(at most {1 - exactness.agreement:.1%} should differ)."
        )
    if exactness.difference is not None and worst > exactness.difference:
        return f"A probability differs by {worst:.2g} ({worst_photo})."
    return ""


def _rounded(milliseconds: list[float]) -> float | None:
    """Their median; None of none."""
    return round(float(np.median(milliseconds)), 2) if milliseconds else None


def _answers(writer: ExportFormat, program: Program) -> list[dict[str, Any]]:
    try:
        return writer.answers(program)
    except (subprocess.SubprocessError, ValueError) as trouble:
        output = str(getattr(trouble, "stderr", "") or trouble)
        raise ExportError(
            "The exported model does not run.",
            expected="the program in the export to name a class for each photo",
            found=output[-1500:].strip(),
            fix="Try another format; the Keras format is the safest.",
        ) from trouble
