"""Evaluation: how good a trained model is on photos it never saw, written to `evaluation/`.

The test split decides; only where there is none the validation split stands in, and the metrics say so. A photo that
can no longer be read is left out of the numbers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from transfer.dataset.dataset import Dataset, Split
from transfer.errors import RunError
from transfer.learning.analysis.calibration import calibration
from transfer.learning.analysis.intervals import wilson
from transfer.learning.pipeline import Source
from transfer.runs.metrics import ClassMetrics, Metrics, Mistake
from transfer.runs.whole_file import write_whole

WORST = 24  # mistakes kept for the gallery


def measured_split(dataset: Dataset) -> Split:
    """The photos that a model is measured on."""
    return "test" if dataset.of("test") else "validation"


def evaluate(
    network: Callable[[Any], Any],
    source: Source,
    dataset: Dataset,
    folder: Path,
    *,
    seen: Callable[[int], object] = lambda done: None,
    before: float | None = None,
) -> Metrics:
    """Measure a model, write metrics.json and predictions.csv, and return the metrics.

    Args:
        network: a batch of what `source` gives -> (batch, classes) probabilities.
        source: the photos of `measured_split`, or the features of them.
        folder: where the files go.
        seen: called with how many photos are done.
        before: the calibration error of the run's first answer, where this is another one.

    Raises:
        RunError: when there is no photo to measure with.
    """
    split = measured_split(dataset)
    rows: list[np.ndarray] = []
    kept: list[np.ndarray] = []
    # 32-bit arithmetic that is really 32 bits, also on GPUs that would round to 19 (TF32).
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for batch in source.batches():
        readable = batch.valid > 0
        rows.append(np.asarray(network(batch.inputs))[readable])
        kept.append(batch.indices[readable])
        seen(sum(map(len, kept)))
    indices = np.concatenate(kept) if kept else np.zeros(0, int)
    if not len(indices):
        raise RunError(
            "There is no photo to measure the model with.",
            expected="test or validation photos that can be read",
            found=f"{source.photos} {split} photos, none readable",
            fix="Add photos, at least four per class, and train again.",
        )
    probabilities = np.concatenate(rows)
    measured = dataset.of(split)  # goes over the whole dataset
    photos = [measured[index] for index in indices]
    paths, labels = [photo.path for photo in photos], np.array([photo.label for photo in photos])
    metrics = Metrics(
        split=split,
        **measure(probabilities, labels, dataset.classes),
        mistakes=_mistakes(probabilities, paths, labels, dataset),
        calibration=calibration(probabilities, labels, before),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "predictions.csv", _table(probabilities, paths, labels, dataset))
    write_whole(folder / "metrics.json", json.dumps(metrics.to_dict(), indent=1))
    return metrics


def measure(probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """The numbers of a `Metrics`, by name.

    Args:
        probabilities: (photos, classes).
        labels: (photos,) the right classes; the commonest of them is the baseline, the best that blind guessing can do.
        classes: their names.
    """
    guesses = probabilities.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, guesses), 1)
    right = int(np.trace(confusion))
    low, high = wilson(right, len(labels))
    biggest = int(np.bincount(labels, minlength=len(classes)).argmax())
    chosen = np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1.0)
    per_class = []
    for index, name in enumerate(classes):
        hits, there, said = confusion[index, index], confusion[index].sum(), confusion[:, index].sum()
        precision, recall = hits / said if said else 0.0, hits / there if there else 0.0
        f1 = 2 * hits / (there + said) if there + said else 0.0
        per_class.append(ClassMetrics(name, int(there), float(precision), float(recall), float(f1)))
    return {
        "photos": len(labels),
        "accuracy": right / len(labels),
        "low": low,
        "high": high,
        "baseline": float(np.mean(labels == biggest)),
        "baseline_class": classes[biggest],
        "loss": float(-np.log(chosen).mean()),
        "classes": tuple(per_class),
        "confusion": tuple(map(tuple, confusion.tolist())),
    }


def _mistakes(probabilities: np.ndarray, paths: list[str], labels: np.ndarray, dataset: Dataset) -> tuple[Mistake, ...]:
    """The wrong answers given with the most confidence."""
    guesses, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    return tuple(
        Mistake(paths[i], dataset.classes[labels[i]], dataset.classes[guesses[i]], float(confidence[i]))
        for i in wrong[np.argsort(-confidence[wrong], kind="stable")][:WORST]
    )


def _table(probabilities: np.ndarray, paths: list[str], labels: np.ndarray, dataset: Dataset) -> str:
    """The answer to each photo, as CSV."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["path", "label", "predicted", "confidence", *(f"p:{name}" for name in dataset.classes)])
    for path, label, row in zip(paths, labels, probabilities, strict=True):
        guess = dataset.classes[int(row.argmax())]
        shares = [f"{share:.8g}" for share in row]
        table.writerow([path, dataset.classes[label], guess, f"{row.max():.8g}", *shares])
    return text.getvalue()
