"""Trains on one device, on two, and on two in 16 bits; then a whole run on two in 16 bits. Prints what came of each.

Logical processors can only be made before TensorFlow is first used, so this needs a process of its own.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.learning.conftest import TINY
from transfer.config import RunConfig
from transfer.learning import device
from transfer.learning.analysis.evaluation import evaluate, measured_split
from transfer.learning.features.engine import KerasEngine
from transfer.learning.model.classifier import build, freeze
from transfer.learning.pipeline import Batch
from transfer.learning.reporter import Reporter
from transfer.learning.training.optimizer import optimizer
from transfer.learning.training.steps import Steps, Tally
from transfer.learning.training.trainer import Trainer
from transfer.runs.run import Run


def batches() -> list[Batch]:
    """Four of five photos; in every second the last is a filler."""
    rng = np.random.default_rng(0)
    return [
        Batch(
            rng.integers(0, 255, (5, 32, 32, 3)).astype(np.uint8),
            rng.integers(0, 3, 5).astype(np.int32),
            np.array([1, 1, 1, 1, number % 2], np.float32),
            np.arange(5),
        )
        for number in range(4)
    ]


def result(on: device.Device, policy: str) -> dict[str, list[float]]:
    """What training on a device gives."""
    network = {"backbone": "MobileNet", "alpha": 0.25, "frozen_layers": 60, "dropout": 0.0, "photos": "x"}
    config = RunConfig.from_dict(TINY | network)
    keras.config.set_dtype_policy(policy)
    with on.strategy.scope():
        classifier = build(config, 3)
        freeze(classifier, "fine_tune", 60)
        variables = classifier.model.trainable_variables
        made = optimizer(config, 1e-3, 10)
        made.build(variables)
    steps = Steps(on, variables, made, classifier.model, classifier.model, np.array([1, 2, 0.5], np.float32))
    trained, measured = Tally(), Tally()
    for batch in batches():
        trained.add(steps.train(batch))
    for batch in batches():
        measured.add(steps.measure(batch))
    scores = trained.score(), measured.score()
    assert scores[0] and scores[1]
    rows = KerasEngine(classifier.features).run(batches()[0].inputs)
    return {
        "scores": [scores[0].loss, scores[0].accuracy, scores[0].photos, scores[1].loss, scores[1].accuracy],
        "weights": [float(np.abs(variable.value.numpy()).sum()) for variable in variables],
        "features": rows.sum(axis=1).tolist(),
    }


def whole(run: Run, on: device.Device) -> dict[str, Any]:
    """Train a run and measure it."""
    trainer = Trainer(run, dataclasses.replace(on, mixed_precision=True), Reporter(run))
    assert trainer.train()
    best = trainer.outcome.result()
    assert {variable.dtype for variable in best.model.weights} == {"float32"}
    data = trainer.outcome.measured(measured_split(run.dataset))
    evaluate(lambda photos: data.network(photos.astype(np.float32)), data.source, run.dataset, run.evaluation_dir)
    return {"compute": [str(layer.compute_dtype) for layer in best.model.layers]}


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    two, one = device.mirrored(["CPU:0", "CPU:1"]), device.choose()
    results = [result(one, "float32"), result(two, "float32"), result(two, "mixed_float16")]
    print(json.dumps([*results, whole(Run(Path(sys.argv[1])), two)]))


if __name__ == "__main__":
    main()
