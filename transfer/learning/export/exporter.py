"""Export: a trained model as a zip that works without Transfer, proven before anybody gets it.

How a model is written is each format's business (`format`); here is the order in which an export comes to be: model,
labels and programs, proof in a fresh process, card, zip, and only then its place in the run directory.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from transfer.errors import ExportError, TransferError
from transfer.formats import Format, find
from transfer.learning.analysis import loading
from transfer.learning.analysis import trust as travelling
from transfer.learning.analysis.prediction import KerasPredictor, Limits, load
from transfer.learning.export import archive, proof
from transfer.learning.export.card import card, requirements
from transfer.learning.export.format import ExportFormat, named
from transfer.runs.exported import ExportedModel
from transfer.runs.leftovers import hidden
from transfer.runs.making import Making
from transfer.runs.run import Run


def export(
    run: Run,
    format: str,
    predictor: KerasPredictor | None = None,
    *,
    thorough: bool = True,
    tell: Callable[[Making], object] = lambda making: None,
) -> ExportedModel:
    """Write a run's model in one format into `exports/<format>/` and `exports/<name>-<format>.zip`.

    Args:
        predictor: the trained model when it is loaded already.
        thorough: prove it on all test photos and time it; else on a few, because somebody waits.
        tell: called with how far it is.

    Raises:
        ExportError: the format is unknown or its converter not installed, the model cannot be converted, or the file
            does not say what the app says.
        RunError: the run has no trained model.
    """
    writer = named(format)
    record, predictor = find(format), predictor or load(run)
    record.require()
    run.exports_dir.mkdir(parents=True, exist_ok=True)
    folder = hidden(run.exports_dir / format)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        tell(Making(format=format, step="write"))
        _write_model(writer, record, predictor, run, folder)
        about = {"name": run.name, "format": format, "image_size": predictor.image_size}
        (folder / "model.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        (folder / "labels.txt").write_text("\n".join(predictor.labels) + "\n", encoding="utf-8")
        (folder / "requirements.txt").write_text(requirements(record), encoding="utf-8")
        for name, source in writer.files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)
        trust = None
        if limits := Limits.of(run):
            trust = limits.trust if writer.features else limits.trust.without_features()
            trust.write(folder / "trust.npz", photos=False)
            shutil.copyfile(str(travelling.__file__), folder / "trust.py")
        photos = proof.photos(run, proof.MOST if thorough else proof.FEW)

        def step(name: str, lines: str = "") -> None:
            tell(Making(format=format, step=name, total=len(photos) if lines else 0, lines=lines))

        parity = replace(
            proof.prove(writer, record.exactness, folder, predictor, photos, thorough, step),
            model_megabytes=round(_megabytes(folder / record.model), 3),
        )
        parity.write(folder)
        if thorough and not loading.known(run):
            step("loading")
            said = proof.said_by_app(predictor, tuple(photos))
            top = {path: max(classes, key=classes.__getitem__) for path, classes in said.items()}
            loading.measure(predictor, top).write(run.evaluation_dir)  # for the card
        text = card(record, run, predictor.image_size, parity, trust)
        (folder / "README.md").write_text(text, encoding="utf-8")
        zip = run.exports_dir / f"{_slug(run.name)}-{format}.zip"
        archive.pack(folder, zip)
        for other in set(run.exports_dir.glob(f"*-{format}.zip")) - {zip}:  # the run was called something else then
            other.unlink(missing_ok=True)
        archive.swap(folder, run.exports_dir / format)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ExportedModel(format, zip, parity)


def _write_model(writer: ExportFormat, record: Format, predictor: KerasPredictor, run: Run, folder: Path) -> None:
    try:
        writer.write(predictor, run, folder / record.model)
    except TransferError:
        raise
    except Exception as trouble:  # converters raise nearly anything
        raise ExportError(
            f"The model could not be written in the {record.title} format.",
            expected="a network that this format can hold, and room on the disk",
            found=f"{type(trouble).__name__}: {str(trouble)[:800]}",
            fix="Try another format; the Keras format is the safest.",
        ) from trouble


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 2**20


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60] or "model"
