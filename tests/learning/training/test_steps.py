"""Several devices together compute what one computes alone."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import psutil
import pytest
import tensorflow as tf

from transfer.learning.training.steps import Table
from transfer.runs.run import Run

# Logical processors can only be made before TensorFlow is first used, so this needs a process of its own.
SCRIPT = """
import dataclasses, json, sys
from pathlib import Path
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from transfer.config import RunConfig
from transfer.learning import device
from transfer.learning.features.engine import KerasEngine
from transfer.learning.model.classifier import build, freeze
from transfer.learning.pipeline import Batch
from transfer.learning.training.steps import Steps, Tally
from transfer.learning.training.phases import optimizer
from tests.learning.conftest import TINY

config = RunConfig.from_dict(
    {**TINY, "backbone": "MobileNet", "alpha": 0.25, "frozen_layers": 60, "dropout": 0.0, "photos": "x"}
)
rng = np.random.default_rng(0)
batches = [
    Batch(
        rng.integers(0, 255, (5, 32, 32, 3)).astype(np.uint8),
        rng.integers(0, 3, 5).astype(np.int32),
        np.array([1, 1, 1, 1, number % 2], np.float32),
        np.arange(5),
    )
    for number in range(4)
]

def result(on, policy):
    keras.config.set_dtype_policy(policy)
    with on.strategy.scope():
        classifier = build(config, 3)
        freeze(classifier, "fine_tune", 60)
        variables = classifier.model.trainable_variables
        rule = optimizer(config, 1e-3, 10)
        rule.build(variables)
    steps = Steps(on, variables, rule, classifier.model, classifier.model, np.array([1, 2, 0.5], np.float32))
    tally, check = Tally(), Tally()
    for batch in batches:
        tally.add(steps.train(batch))
    for batch in batches:
        check.add(steps.measure(batch))
    rows = KerasEngine(classifier.features).run(batches[0].inputs)
    score, measured = tally.score(), check.score()
    return {
        "scores": [score.loss, score.accuracy, score.photos, measured.loss, measured.accuracy],
        "weights": [float(np.abs(v.value.numpy()).sum()) for v in variables],
        "features": rows.sum(axis=1).tolist(),
    }

two = device.mirrored(["CPU:0", "CPU:1"])
one = device.choose()
results = [result(one, "float32"), result(two, "float32"), result(two, "mixed_float16")]

from transfer.learning.analysis.prediction import Predictor
from transfer.learning.analysis.evaluation import evaluate
from transfer.learning.reporter import Reporter
from transfer.learning.training.trainer import Training
from transfer.runs.run import Run

run = Run(Path(sys.argv[1]))
training = Training(run, dataclasses.replace(two, mixed_precision=True), Reporter(run))
assert training.train()
model = training.result().model
assert {variable.dtype for variable in model.weights} == {"float32"}
evaluate(Predictor(model, run.dataset.classes), run.dataset, run.evaluation_dir)
print(json.dumps([*results, {"compute": [str(layer.compute_dtype) for layer in model.layers]}]))
"""


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run]) -> Run:
    return make_run(dropout=0.0, head_epochs=20)


@pytest.fixture(scope="module")
def results(run: Run) -> list[dict[str, list[float]]]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(run.path)], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    parsed: list[dict[str, list[float]]] = json.loads(done.stdout.splitlines()[-1])
    return parsed


def test_two_devices_train_like_one(results: list[dict[str, list[float]]]) -> None:
    one, two, *_ = results
    assert one["scores"][2] == 18  # fillers do not count
    assert two["scores"] == pytest.approx(one["scores"], rel=1e-4)
    assert two["weights"] == pytest.approx(one["weights"], rel=1e-4)
    assert two["features"] == pytest.approx(one["features"], rel=1e-4)


def test_sixteen_bits_on_two_devices_come_close(results: list[dict[str, list[float]]]) -> None:
    one, _, mixed, _ = results
    assert np.allclose(mixed["scores"], one["scores"], atol=0.2)
    assert np.allclose(mixed["weights"], one["weights"], rtol=0.05, atol=0.05)


def test_a_whole_run_on_two_devices_in_sixteen_bits_gives_a_plain_model(
    run: Run, results: list[dict[str, list[float]]]
) -> None:
    assert set(results[3]["compute"]) == {"float32"}
    history, metrics = run.history(), run.metrics()
    assert len(history) == 23
    assert history["loss"].iloc[19] < 0.8 * history["loss"].iloc[0]
    assert metrics is not None
    assert metrics["photos"] == len(run.dataset.of("test"))


def test_a_table_holds_what_its_blocks_held() -> None:
    blocks = [np.arange(begin, end, dtype=np.float16).reshape(-1, 3) for begin, end in ((0, 30), (30, 60), (60, 69))]
    labels, valid = np.arange(23, dtype=np.int32), np.ones(23, np.float32)
    table = Table.of(iter(blocks), labels, valid)
    picked = tf.gather(table.rows, [22, 0, 10])
    assert table.rows.dtype == tf.float16 and picked.numpy().tolist() == [[66, 67, 68], [0, 1, 2], [30, 31, 32]]
    assert (table.labels.numpy() == labels).all() and (table.valid.numpy() == valid).all()


def test_a_table_needs_its_memory_once_and_gives_it_back() -> None:
    def megabytes() -> float:
        return float(psutil.Process().memory_info().rss) / 2**20

    count, size = 100, 2**19  # 100 blocks of 1 MB
    gc.collect()  # what earlier tests left must not be given back while this one measures
    before = megabytes()
    table = Table.of((np.ones((1, size), np.float16) for _ in range(count)), np.zeros(count), np.ones(count))
    held = megabytes() - before
    assert 90 < held < 130
    assert float(tf.reduce_sum(table.rows[-1, :8])) == 8
    del table
    assert megabytes() - before < 30
