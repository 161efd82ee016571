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

from tests.waiting import until
from transfer.learning.features.table import Table
from transfer.runs.run import Run


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run]) -> Run:
    return make_run(dropout=0.0, head_epochs=20)


@pytest.fixture(scope="module")
def results(run: Run) -> list[dict[str, list[float]]]:
    command = [sys.executable, "-m", "tests.learning.training.two_devices", str(run.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
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
    assert metrics.photos == len(run.dataset.of("test"))


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
    until(lambda: gc.collect() >= 0 and megabytes() - before < 30, seconds=20)  # other threads may be at work
