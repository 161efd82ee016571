"""Training: phases, class weights, early stopping, and that fine-tuning never makes the result worse."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.learning.conftest import paint
from transfer.config import RunConfig
from transfer.dataset.catalog import Dataset, Photo
from transfer.learning import device, training
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.runs.run import Run


def dataset(*counts: int) -> Dataset:
    photos = [Photo(f"{label}-{n}", label, "train", "") for label, count in enumerate(counts) for n in range(count)]
    return Dataset("/", tuple(str(label) for label in range(len(counts))), tuple(photos))


def test_class_weights_come_when_classes_are_uneven() -> None:
    config = RunConfig()
    assert training.class_weights(config, dataset(10, 19)).tolist() == [1, 1]
    uneven = training.class_weights(config, dataset(10, 30))
    assert uneven.tolist() == pytest.approx([2, 2 / 3])
    assert training.class_weights(dataclasses.replace(config, class_weights="off"), dataset(1, 30)).tolist() == [1, 1]
    always = training.class_weights(dataclasses.replace(config, class_weights="balanced"), dataset(10, 19))
    assert always.tolist() == pytest.approx([29 / 20, 29 / 38])


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_optimizers_and_schedules(name: str) -> None:
    config = RunConfig(optimizer=name, schedule="cosine")
    made = training.optimizer(config, 0.1, 10)
    assert type(made).__name__.lower() == name
    assert getattr(made, "momentum", None) == {"sgd": 0.9, "rmsprop": 0.0}.get(name)
    schedule = made._learning_rate
    assert float(schedule(0)) == pytest.approx(0.1)
    assert float(schedule(5)) == pytest.approx(0.05)
    assert float(schedule(10)) == pytest.approx(0, abs=1e-9)
    assert isinstance(training.optimizer(RunConfig(optimizer=name), 0.1, 10)._learning_rate, keras.Variable)


def test_phases_without_epochs_are_left_out() -> None:
    def names(**settings: object) -> list[str]:
        return [phase.name for phase in training.phases(RunConfig(**settings))]  # type: ignore[arg-type]

    assert names(frozen_layers=None, fine_tune_epochs=5) == ["head"]
    assert names(frozen_layers=10, fine_tune_epochs=5) == ["head", "fine_tune"]
    assert names(frozen_layers=10, fine_tune_epochs=0) == ["head"]
    assert names(frozen_layers=10, head_epochs=0) == ["fine_tune"]


def train(run: Run) -> training.Training:
    session = training.Training(run, device.choose(), Reporter(run))
    assert session.train()
    return session


def loss_on(session: training.Training, split: str) -> float:
    result = session.result()
    assert result is not None
    source = PhotoSource(session.dataset, split, 32, 8, Reporter(session._run).skip)  # type: ignore[arg-type]
    losses = []
    for batch in source.batches():
        real = batch.valid > 0
        shares = np.asarray(result.model(batch.inputs[real].astype(np.float32), training=False))
        losses += (-np.log(shares[np.arange(len(shares)), batch.labels[real]])).tolist()
    return float(np.mean(losses))


def test_ruinous_fine_tuning_leaves_the_head_s_result(make_run: Callable[..., Run]) -> None:
    run = make_run(fine_tune_learning_rate=1.0, head_epochs=10, fine_tune_epochs=2)
    session = train(run)
    history = run.history()
    tuned = history[history["phase"] == "fine_tune"]
    assert tuned["val_loss"].min() > history["val_loss"].min()  # it was ruinous indeed
    assert not tuned["best"].any()
    assert loss_on(session, "validation") == pytest.approx(history["val_loss"].min(), rel=1e-4)
    # A process that finds the training done comes to the same result from the files alone.
    resumed = training.Training(run, device.choose(), Reporter(run))
    assert resumed.resumed_from == 12
    assert resumed.train()
    assert loss_on(resumed, "validation") == pytest.approx(history["val_loss"].min(), rel=1e-4)
    assert len(run.history()) == 12


def test_early_stopping_goes_back_to_the_best_epoch(make_run: Callable[..., Run]) -> None:
    run = make_run(
        head_learning_rate=0.9, optimizer="sgd", head_epochs=60, early_stopping_patience=2, frozen_layers=None
    )
    session = train(run)
    history, event = run.history(), run.log.last("early_stopped")
    assert event is not None
    assert event["best_epoch"] == history["val_loss"].idxmin() + 1
    assert event["epoch"] == len(history) == event["best_epoch"] + 2
    assert loss_on(session, "validation") == pytest.approx(history["val_loss"].min(), rel=1e-4)


def test_varied_photos_train_through_the_whole_network(make_run: Callable[..., Run], tmp_path: Path) -> None:
    folder = paint(tmp_path / "some", {"blue": 20, "red": 20})
    run = make_run(folder, augmentation="strong", head_epochs=2, frozen_layers=None)
    session = train(run)
    assert sorted(path.name for path in (run.path / "features").iterdir()) == ["validation.json", "validation.npy"]
    assert loss_on(session, "validation") == pytest.approx(run.history()["val_loss"].min(), rel=1e-4)
