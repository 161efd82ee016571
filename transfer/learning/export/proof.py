"""The proof: an export runs in a fresh process, on real photos, and must say what the app says."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from transfer.errors import ExportError
from transfer.learning.analysis.evaluation import measured_split
from transfer.learning.analysis.prediction import Predictor
from transfer.learning.export.format import ExportFormat
from transfer.learning.export.fresh import Program
from transfer.runs.exported import Parity
from transfer.runs.run import Run

CHECKED = 32  # photos an export is tried on, at most
AT_ONCE = 16  # of them: few enough for the memory, many enough for two calls to do


def prove(writer: ExportFormat, folder: Path, predictor: Predictor, paths: list[str]) -> Parity:
    """Run the export in a folder on photos and compare it with the app.

    Raises:
        ExportError: when it fails, names another class, or a probability differs by more than the format's tolerance.
    """
    tolerance = writer.tolerance
    program = writer.start(folder, paths) if paths else None
    # The app's answers come about at the same time: loading the export keeps one core busy.
    said = predictor.predict(paths, batch_size=AT_ONCE)
    expected = {answer.path: dict(answer.classes) for answer in said if answer.error is None}
    answers = [] if program is None else [each for each in _answers(writer, program) if each["path"] in expected]
    worst, worst_photo = 0.0, ""
    for answer in answers:
        ours, theirs = expected[answer["path"]], answer["classes"]
        difference = max(abs(ours[label] - theirs[label]) for label in predictor.labels)
        if difference > worst:
            worst, worst_photo = difference, answer["path"]
        top = max(ours, key=lambda label: ours[label])
        # Two classes may be as good as equal; then either is right.
        if difference > tolerance or ours[top] - ours[max(theirs, key=lambda label: theirs[label])] > 2 * tolerance:
            raise ExportError(
                "The exported model does not say what the app says, so it was not kept.",
                expected=f"for {Path(answer['path']).name}: {top} {ours[top]:.4f} (within {tolerance:g})",
                found=f"{theirs[top]:.4f}, a difference of {difference:.2g}",
                fix="Try another format; the Keras format is the safest. Please report this with the run's settings.",
            )
    times = [answer["milliseconds"] for answer in answers[AT_ONCE:] or answers]  # the first wait for the network
    return Parity(
        photos=len(answers),
        max_difference=worst,
        worst_photo=Path(worst_photo).name,
        tolerance=tolerance,
        milliseconds_per_photo=round(float(np.median(times)), 2) if times else None,
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
    )


def photos(run: Run) -> list[str]:
    """Photos to try an export of a run on: test photos, else validation, spread over the split."""
    found = run.dataset.of(measured_split(run.dataset))
    every = max(1, len(found) // CHECKED)
    return [str(run.dataset.path(photo)) for photo in found[::every][:CHECKED]]


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
