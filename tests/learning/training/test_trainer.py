"""Trainer: phases, class weights, exact resume, and that fine-tuning never makes the result worse."""

from __future__ import annotations

import dataclasses
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.feature_store.contents import contents
from tests.learning.conftest import paint
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo, Split
from transfer.errors import TrainingError
from transfer.feature_store.store import FeatureStore
from transfer.learning import device
from transfer.learning.features import source as feature_source
from transfer.learning.model import classifier as model
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.learning.training import checkpoint, network, optimizer, phases
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.trainer import Trainer
from transfer.messages.events import EarlyStopped, Noticed, Progressed
from transfer.runs.run import Run

CLOCKS = ["seconds", "photos_per_second", "memory_mb"]  # what differs between two runs that are equal


def dataset(*counts: int) -> Dataset:
    photos = [Photo(f"{label}-{n}", label, "train", "") for label, count in enumerate(counts) for n in range(count)]
    return Dataset("/", tuple(str(label) for label in range(len(counts))), tuple(photos))


def test_class_weights_come_when_classes_are_uneven() -> None:
    config = RunConfig()
    assert phases.class_weights(config, dataset(10, 19)).tolist() == [1, 1]
    uneven = phases.class_weights(config, dataset(10, 30))
    assert uneven.tolist() == pytest.approx([2, 2 / 3])
    assert phases.class_weights(dataclasses.replace(config, class_weights="off"), dataset(1, 30)).tolist() == [1, 1]
    always = phases.class_weights(dataclasses.replace(config, class_weights="balanced"), dataset(10, 19))
    assert always.tolist() == pytest.approx([29 / 20, 29 / 38])


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_optimizers_and_schedules(name: str) -> None:
    config = RunConfig(optimizer=name, schedule="cosine")
    made = optimizer.optimizer(config, 0.1, 10)
    assert type(made).__name__.lower() == name
    assert getattr(made, "momentum", None) == {"sgd": 0.9, "rmsprop": 0.0}.get(name)
    schedule = made._learning_rate
    assert float(schedule(0)) == pytest.approx(0.1)
    assert float(schedule(5)) == pytest.approx(0.05)
    assert float(schedule(10)) == pytest.approx(0, abs=1e-9)
    assert isinstance(optimizer.optimizer(RunConfig(optimizer=name), 0.1, 10)._learning_rate, keras.Variable)


def test_phases_without_epochs_are_left_out() -> None:
    def names(**settings: object) -> list[str]:
        return [phase.name for phase in phases.phases(RunConfig(**settings))]  # type: ignore[arg-type]

    assert names(frozen_layers=None, fine_tune_epochs=5) == ["head"]
    assert names(frozen_layers=10, fine_tune_epochs=5) == ["head", "fine_tune"]
    assert names(frozen_layers=10, fine_tune_epochs=0) == ["head"]
    assert names(frozen_layers=10, head_epochs=0) == ["fine_tune"]


def train(run: Run, *callbacks: Callback, store: FeatureStore | None = None, dtype: str = "float16") -> Trainer:
    trainer = Trainer(run, device.choose(), Reporter(run), callbacks=callbacks, store=store, dtype=dtype)
    try:
        assert trainer.train()
    finally:
        trainer.close()
    return trainer


def loss_on(trainer: Trainer, split: Split) -> float:
    result = trainer.outcome.result()
    assert result is not None
    source = PhotoSource(trainer.dataset, split, 32, 8, lambda *skipped: pytest.fail(str(skipped)))
    losses = []
    for batch in source.batches():
        real = batch.valid > 0
        shares = np.asarray(result.model(batch.inputs[real].astype(np.float32), training=False))
        losses += (-np.log(shares[np.arange(len(shares)), batch.labels[real]])).tolist()
    return float(np.mean(losses))


def test_ruinous_fine_tuning_leaves_the_head_s_result(make_run: Callable[..., Run]) -> None:
    run = make_run(fine_tune_learning_rate=1.0, head_epochs=10, fine_tune_epochs=2)
    trainer = train(run)
    history = run.history()
    tuned = history[history["phase"] == "fine_tune"]
    assert tuned["val_loss"].min() > history["val_loss"].min()  # it was ruinous indeed
    assert not tuned["best"].any()
    assert loss_on(trainer, "validation") == pytest.approx(history["val_loss"].min(), rel=1e-4)
    # A process that finds the training done comes to the same result from the files alone.
    resumed = Trainer(run, device.choose(), Reporter(run))
    assert resumed.resumed_from == 12
    assert resumed.train()
    assert loss_on(resumed, "validation") == pytest.approx(history["val_loss"].min(), rel=1e-4)
    assert len(run.history()) == 12


class CopyTheRun(Callback):
    """Keeps the run directory as it is after some epochs: what a process killed then would leave."""

    def __init__(self, run: Run, *steps: int) -> None:
        self.run, self.steps, self.copies = run, steps, dict[int, Run]()

    def on_epoch_begin(self, session: PhaseSession) -> None:
        if (step := session.state.step) in self.steps:
            path = self.run.path.with_name(f"{self.run.path.name}-{step}")
            self.copies[step] = Run(shutil.copytree(self.run.path, path))


def test_resumed_within_a_phase_equals_uninterrupted(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", 0)
    run = make_run(dropout=0.3, schedule="cosine")
    killed = CopyTheRun(run, 2, 4, 5, 6)  # within both phases, and between them
    best = train(run, killed).outcome.result()
    assert best is not None and sorted(killed.copies) == [2, 4, 5, 6]
    for step, copy in killed.copies.items():
        assert len(copy.history()) == step
        trainer = train(copy)
        assert trainer.resumed_from == step
        assert copy.history().drop(columns=CLOCKS).equals(run.history().drop(columns=CLOCKS))
        result = trainer.outcome.result()
        assert result is not None
        for mine, theirs in zip(result.model.get_weights(), best.model.get_weights(), strict=True):
            assert np.array_equal(mine, theirs)


class FailInTheThird(Callback):
    def on_epoch_begin(self, session: PhaseSession) -> None:
        if session.epoch == 3:
            raise TrainingError("The loss became NaN.")


def test_what_was_learned_before_a_failure_is_kept_and_logged(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", math.inf)
    run = make_run(frozen_layers=None)
    with pytest.raises(TrainingError, match="NaN"):
        train(run, FailInTheThird())
    assert run.history()["step"].tolist() == [1, 2]
    assert Trainer(run, device.choose(), Reporter(run)).resumed_from == 2


def test_early_stopping_goes_back_to_the_best_epoch(make_run: Callable[..., Run]) -> None:
    run = make_run(
        head_learning_rate=0.9, optimizer="sgd", head_epochs=60, early_stopping_patience=2, frozen_layers=None
    )
    trainer = train(run)
    history, event = run.history(), run.log.newest(EarlyStopped)
    assert event is not None
    assert event.best_epoch == history["val_loss"].idxmin() + 1
    assert event.epoch == len(history) == event.best_epoch + 2
    assert loss_on(trainer, "validation") == pytest.approx(history["val_loss"].min(), rel=1e-4)


LOSSES = ["loss", "val_loss"]


def test_kept_features_give_the_same_curve_as_the_whole_network(
    make_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept in 32 bits, computed by Keras: head and fine-tuning lose nothing by looking at each photo once."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    settings = {"dropout": 0.0, "head_epochs": 5, "fine_tune_epochs": 4, "fine_tune_learning_rate": 1e-3}
    kept, through = make_run(**settings), make_run(**settings)
    store, none = FeatureStore(tmp_path / "kept"), FeatureStore(tmp_path / "none", cap_bytes=0)
    train(kept, store=store, dtype="float32")
    train(through, store=none)
    assert sorted(kept.dtype for kept in contents(store)) == ["float32", "float32"]
    assert sum(kept.rows for kept in contents(store)) == 2 * len(
        {photo.digest for split in ("train", "validation") for photo in kept.dataset.of(split)}  # type: ignore[arg-type]
    )
    assert not sum(kept.rows for kept in contents(none))
    notices = through.log.all(Noticed)
    assert len(notices) == 2 and all("0 GB set aside" in event.message for event in notices)
    slow = kept.log.all(Noticed)
    assert len(slow) == 1 and "slower than OpenVINO" in slow[0].message
    ours, theirs = kept.history()[LOSSES].to_numpy(float), through.history()[LOSSES].to_numpy(float)
    assert len(ours) == 9
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_sixteen_bits_and_another_engine_come_close(make_run: Callable[..., Run], tmp_path: Path) -> None:
    settings = {"dropout": 0.0, "head_epochs": 5, "fine_tune_epochs": 2}
    kept, through = make_run(**settings), make_run(**settings)
    train(kept, store=FeatureStore(tmp_path / "kept"))
    train(through, store=FeatureStore(tmp_path / "none", cap_bytes=0))
    np.testing.assert_allclose(
        kept.history()[LOSSES].to_numpy(float), through.history()[LOSSES].to_numpy(float), rtol=0.01
    )


def test_features_on_disk_train_like_features_in_memory(
    make_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FeatureStore(tmp_path / "kept")
    memory, disk = make_run(), make_run()
    train(memory, store=store)
    monkeypatch.setattr(feature_source, "RESIDENT", 0)
    train(disk, store=store)
    np.testing.assert_allclose(
        memory.history()[LOSSES].to_numpy(float), disk.history()[LOSSES].to_numpy(float), rtol=1e-5
    )


def test_another_head_on_known_photos_needs_no_network_until_the_end(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it begins with the same weights, whether the network was built before it or not."""
    first = make_run(frozen_layers=None, dropout=0.3, seed=3)
    train(first)
    built: list[int] = []
    monkeypatch.setattr(network, "build", lambda *given: built.append(len(second.history())) or model.build(*given))
    second = make_run(frozen_layers=None, dropout=0.3, seed=3)
    trainer = train(second)
    assert built == []
    assert any("Features reused" in event.message for event in second.log.all(Progressed))
    assert loss_on(trainer, "validation") == pytest.approx(second.history()["val_loss"].min(), rel=0.01)
    assert built == [4]
    assert second.history()[LOSSES].equals(first.history()[LOSSES])


def test_a_few_views_of_each_photo_are_computed_once(make_run: Callable[..., Run], tmp_path: Path) -> None:
    folder, store = paint(tmp_path / "some", {"blue": 20, "red": 20}, seed=5), FeatureStore(tmp_path / "kept")
    settings = {"augmentation": "strong", "augmentation_views": 3, "head_epochs": 6, "frozen_layers": None}
    run = make_run(folder, **settings)
    trainer = train(run, store=store)
    train_photos, validation = len(run.dataset.of("train")), len(run.dataset.of("validation"))
    rows = {str(kept.key["varied"]): kept.rows for kept in contents(store)}
    assert rows == {"off": validation, "strong": 3 * train_photos}
    assert not run.log.newest(Noticed)
    assert loss_on(trainer, "validation") == pytest.approx(run.history()["val_loss"].min(), rel=0.01)
    again = make_run(folder, **settings)
    train(again, store=store)
    assert again.history()[LOSSES].equals(run.history()[LOSSES])


def test_fresh_variations_go_through_the_whole_network_and_the_page_says_so(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    folder, store = paint(tmp_path / "some", {"blue": 20, "red": 20}, seed=6), FeatureStore(tmp_path / "kept")
    run = make_run(folder, augmentation="strong", augmentation_views=0, head_epochs=2, frozen_layers=None)
    trainer = train(run, store=store)
    assert [kept.rows for kept in contents(store)] == [len(run.dataset.of("validation"))]
    notice = run.log.newest(Noticed)
    assert notice is not None and "new variations" in notice.message
    assert loss_on(trainer, "validation") == pytest.approx(run.history()["val_loss"].min(), rel=0.01)


def test_nothing_is_kept_where_nothing_is_frozen(make_run: Callable[..., Run], tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "kept")
    run = make_run(frozen_layers=0, head_epochs=0, fine_tune_epochs=2)
    trainer = train(run, store=store)
    assert contents(store) == []
    notice = run.log.newest(Noticed)
    assert notice is not None and "hardly any frozen layers" in notice.message
    assert loss_on(trainer, "validation") == pytest.approx(run.history()["val_loss"].min(), rel=1e-4)
