"""The worker, in real processes where its death matters."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.feature_store.contents import contents
from tests.learning.conftest import COLOURS, TINY, paint
from tests.learning.dividing import Workers, half_written
from transfer import disk
from transfer.config import RunConfig
from transfer.dataset.scan import scan
from transfer.errors import DiskError
from transfer.learning import worker
from transfer.learning.run_work import RunWork
from transfer.messages.endings import Failed, Interrupted, Stopped
from transfer.messages.events import EpochEnded, Evaluated, Exported, Launched, Noticed, PhaseBegun, Progressed, Skipped
from transfer.messages.requests import Pause
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

STANDBY = [sys.executable, "-m", "transfer.learning.worker", "--standby"]
NUMBERS = ("phase", "epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


def test_a_run_is_trained_measured_and_exported(trained: Run) -> None:
    kinds = (event.kind for event in trained.log.read() if not isinstance(event, Progressed))
    assert [kind for kind, _ in itertools.groupby(kinds)] == [
        "started", "phase", "epoch", "phase", "epoch", "evaluated", "exported", "spent", "finished",
    ]  # fmt: skip
    assert trained.status().state == "finished"
    assert [begun.phase for begun in trained.log.all(PhaseBegun)] == ["head", "fine_tune"]
    history = trained.history()
    assert history["step"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert history["phase"].tolist() == ["head"] * 4 + ["fine_tune"] * 3
    assert history["loss"].iloc[3] < 0.95 * history["loss"].iloc[0]
    assert trained.model_file.is_file()
    store = Workspace.of(trained).features
    assert contents(store) and not any(kept_set.in_use for kept_set in contents(store))
    assert not trained.lock_is_held()


def test_the_best_epoch_is_the_one_that_is_kept(trained: Run) -> None:
    history = trained.history()
    lowest = history["val_loss"].cummin()
    assert history["best"].tolist() == (history["val_loss"] <= lowest).tolist()


def test_a_run_that_is_over_is_left_alone(trained: Run) -> None:
    before = trained.log.size()
    assert worker.main([str(trained.path)]) == 1
    assert trained.log.size() == before


def test_a_run_that_somebody_works_on_is_left_alone(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "LOCK_TIMEOUT", 0.1)
    run = make_run()
    with run.lock.acquire(timeout=1):
        assert worker.main([str(run.path)]) == 1
    assert "Another process" in capsys.readouterr().err
    assert run.log.read() == []


def test_something_that_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert worker.main([str(tmp_path)]) == 1
    assert "There is no run" in capsys.readouterr().err


LARGER = 45_000  # bytes: than the log of such a run, and smaller than what it writes when it fine-tunes
# In this order, each one met when the run goes on after the one before it.
DOOMS: list[dict[str, Any]] = [
    {"at": "open", "name": "events.jsonl", "kill": True},  # while it loads
    {"at": "open", "name": "/rows", "kill": True},  # of features
    {"at": "open", "name": "/rows", "full": LARGER},  # there is room for the log, and not for them
    {"at": "open", "name": ".png", "read": True, "full": 1},  # not a byte left while it looks at photos
    {"at": "open", "name": ".checkpoint.npz", "torn": 1500},
    {"at": "os.rename", "name": ".checkpoint.npz", "nth": 2, "kill": True},
    {"at": "open", "name": ".checkpoint.npz", "pause": True},
    {"at": "open", "name": ".checkpoint.npz", "full": 1},
    {"at": "open", "name": ".checkpoint.npz", "nth": 2, "full": LARGER},
    {"at": "os.rename", "name": ".checkpoint.npz", "kill": True},
    {"at": "open", "name": ".checkpoint.npz", "memory": 1},  # which some trainings live through, up to their end
    {"at": "open", "name": ".predictions.csv", "kill": True},
    {"at": "open", "name": ".predictions.csv", "full": 1},
    {"at": "os.rename", "name": ".metrics.json", "kill": True},
    {"at": "os.mkdir", "name": "/.keras.", "full": LARGER},
    {"at": "open", "name": "model.json", "kill": True},
    {"at": "open", "name": "-keras.zip", "torn": 5000},
]


def test_killed_and_cramped_again_and_again_nothing_is_lost(
    make_run: Callable[..., Run], trained: Run, workers: Workers
) -> None:
    """The long form, a hundred kills of workers, commands and apps, is `tests.benchmarks.kills`."""
    run = make_run()
    Workspace.of(run).features.clear()  # this run is to look at the photos itself
    codes = []
    for doom in DOOMS:
        pauses = {"pause": str(run.mailbox.path)} if "pause" in doom else {}
        codes.append(workers.work(run, {**doom, **pauses}))
        last = run.log.last()
        told = (doom, codes[-1], last, run.worker_log.read_text()[-2000:])
        assert run.status().state == ("paused" if pauses else "interrupted"), told
        if pauses:
            assert codes.pop() == 0 and not half_written(run.path) and not run.lock_is_held(), told
        elif "full" in doom:
            assert codes[-1] in (1, disk.FULL) and not half_written(run.path), told
            assert isinstance(last, Interrupted) == (codes[-1] == 1), told
            if isinstance(last, Interrupted):
                assert last.error["kind"] == "DiskError" and " free" in last.error["found"], told
        elif "memory" in doom:  # TensorFlow may abort, and libraries raise anything; what counts is that it goes on
            assert codes.pop() == 1 or not isinstance(last, Interrupted), told
        else:
            assert codes[-1] == -(signal.SIGXFSZ if "torn" in doom else signal.SIGKILL), told
        run.request_resume()
    assert codes.count(1) and codes.count(disk.FULL), "it is told in the log, or where that is impossible to the parent"
    assert workers.work(run) == 0, run.worker_log.read_text()

    assert run.status().state == "finished"
    Workspace.of(run).sweep()
    assert not half_written(Workspace.of(run).path)
    for mine, theirs in zip(run.log.all(EpochEnded), trained.log.all(EpochEnded), strict=True):
        assert [getattr(mine, name) for name in NUMBERS] == [getattr(theirs, name) for name in NUMBERS]
    ours, uninterrupted = run.metrics(), trained.metrics()
    assert ours is not None and uninterrupted is not None
    assert ours.confusion == uninterrupted.confusion
    assert ours.loss == pytest.approx(uninterrupted.loss, rel=1e-5)
    assert len(run.log.all(Exported)) == 1 and run.model_file.is_file()


def test_a_run_goes_on_over_photos_that_changed_and_in_smaller_batches(
    make_run: Callable[..., Run], workers: Workers, tmp_path: Path
) -> None:
    folder = paint(tmp_path / "changing", dict.fromkeys(COLOURS, 20), seed=9)  # photos no other test has kept
    run = make_run(folder)
    workers.work(run, {"at": "os.rename", "name": ".checkpoint.npz", "nth": 3, "kill": True})
    gone, other, *rest = run.dataset.of("test")
    learned = run.dataset.of("train")[0]
    run.dataset.path(gone).unlink()
    for photo in (other, learned):
        Image.new("RGB", (40, 40), "white").save(run.dataset.path(photo))
    run.request_resume({"batch_size": 8})
    assert workers.work(run) == 0, run.worker_log.read_text()
    assert run.status().state == "finished" and len(run.history()) == 7
    metrics = run.metrics()
    assert metrics is not None and metrics.photos == len(rest)
    assert metrics.measured_on(run.dataset) == f"{len(rest)} of {len(rest) + 2} test photos"
    (noticed,) = run.log.all(Noticed)
    assert f"The score is of {len(rest)} of {len(rest) + 2} test photos." in noticed.message
    for photo, how in ((gone, "missing"), (other, "changed"), (learned, "changed")):
        assert f"{photo.path} ({how})" in noticed.message
    assert not {gone.path, other.path} & {mistake.path for mistake in metrics.mistakes}


def test_on_a_disk_that_is_full_to_the_last_byte(
    photos: Path, backbone: Path, workers: Workers, tmp_path: Path
) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        config = RunConfig.from_dict({"backbone": str(backbone), **TINY, "photos": str(photos)})
        run = Workspace(tmp_path / "workspace").create(config, scan(photos))
        for name, nth in ((".checkpoint.npz", 3), ("model.json", 1)):
            code = workers.work(run, {"at": "open", "name": name, "nth": nth, "fill": str(tmp_path)})
            assert code in (1, disk.FULL), run.worker_log.read_text()
            assert run.status().state == "interrupted" and "disk is full" in run.status().message
            assert not half_written(run.path)
            (tmp_path / "filler").unlink()
            run.request_resume()
        assert workers.work(run) == 0, run.worker_log.read_text()
        assert run.status().state == "finished"
        disk.require(tmp_path, 2**20, "", "")
        with pytest.raises(DiskError, match="not enough room"):
            disk.require(tmp_path, 2**25, "There is not enough room.", "")
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_standby_worker_serves_the_run_it_is_given(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run(head_epochs=2, frozen_layers=None)
    with (tmp_path / "standby.log").open("wb") as log:
        process = subprocess.Popen(STANDBY, stdin=subprocess.PIPE, stdout=log, stderr=log)
    assert process.stdin is not None
    process.stdin.write(os.fsencode(run.path) + b"\n")
    process.stdin.close()
    assert process.wait(timeout=300) == 0, run.worker_log.read_text()
    assert run.status().state == "finished"
    assert "training on" in run.worker_log.read_text()


def test_a_standby_worker_ends_when_nobody_is_left_to_ask_it(tmp_path: Path) -> None:
    process = subprocess.Popen(STANDBY, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=100) == 0


def stop_at(run: Run, condition: Callable[[], object]) -> threading.Thread:
    def watch() -> None:
        for _ in range(100_000):
            if condition():
                break
            time.sleep(0.002)
        run.request_stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    return watcher


def test_stopped_within_an_epoch_keeps_the_best_and_measures_it(make_run: Callable[..., Run], tmp_path: Path) -> None:
    folder = paint(tmp_path / "many", dict.fromkeys(COLOURS, 200))  # a round that lasts longer than a stop takes
    fresh = {"augmentation": "light", "augmentation_views": 0, "batch_size": 1}
    run = make_run(folder, head_epochs=1000, fine_tune_epochs=0, **fresh)
    watcher = stop_at(run, lambda: any(now.message.startswith("Round 3 of") for now in run.log.all(Progressed)))
    assert worker.main([str(run.path)]) == 0
    watcher.join()
    assert run.status().state == "stopped"
    last = run.log.all(EpochEnded)[-1]
    assert last.partial
    assert last.val_loss is None
    assert not last.best
    assert math.isfinite(last.loss)
    assert len(run.history()) == last.step - 1
    assert len(run.log.all(Evaluated)) == len(run.log.all(Exported)) == 1
    assert run.model_file.is_file()
    assert run.metrics() is not None


def test_stopped_before_the_first_step_there_is_no_model(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.log.append(Launched())
    run.request_stop()
    assert worker.main([str(run.path)]) == 0
    last = run.log.last()
    assert isinstance(last, Stopped) and not last.model
    assert "no model" in last.message
    assert not run.model_file.exists()


def test_photos_that_vanish_are_named_and_training_goes_on(
    make_run: Callable[..., Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = paint(tmp_path / "vanishing", dict.fromkeys(COLOURS, 14), seed=8)  # photos no other test has kept
    run = make_run(folder, head_epochs=2, fine_tune_epochs=1)
    gone = [run.dataset.of(split)[0] for split in ("train", "validation", "test")]
    for photo in gone:
        run.dataset.path(photo).unlink()
    assert worker.main([str(run.path)]) == 0
    assert sorted(skipped.path for skipped in run.log.all(Skipped)) == sorted(photo.path for photo in gone)
    assert run.status().state == "finished"
    metrics = run.metrics()
    assert metrics is not None
    assert metrics.photos == len(run.dataset.of("test")) - 1
    said = capsys.readouterr().out
    assert "The frozen part of the network runs on" in said and "looks at every photo once" in said


def test_so_few_photos_that_none_is_left_to_test_with(
    make_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile a pause comes with the last round, too late."""
    measure = RunWork._measure

    def paused(work: RunWork, *others: Any) -> Any:
        work._run.mailbox.send(Pause())
        return measure(work, *others)

    monkeypatch.setattr(RunWork, "_measure", paused)
    folder = paint(tmp_path / "few", {"blue": 2, "red": 2})
    run = make_run(folder, head_epochs=2, frozen_layers=None)
    assert run.dataset.of("validation") and not run.dataset.of("test")
    assert worker.main([str(run.path)]) == 0, run.log.last()
    assert run.status().state == "finished"
    metrics = run.metrics()
    assert metrics is not None and metrics.split == "validation"
    assert [each.title for each in run.log.all(Noticed)][-1:] == ["It could not be paused any more."]


def test_so_few_photos_that_only_training_gets_any(make_run: Callable[..., Run], tmp_path: Path) -> None:
    """A scan leaves each class a validation photo; a split made elsewhere need not."""
    folder = paint(tmp_path / "few", {"blue": 6, "red": 6})
    scanned = make_run(folder, head_epochs=6, fine_tune_epochs=2, head_learning_rate=0.05)
    photos = tuple(dataclasses.replace(photo, split="train") for photo in scanned.dataset.photos)
    run = Workspace.of(scanned).create(scanned.config, dataclasses.replace(scanned.dataset, photos=photos))
    assert worker.main([str(run.path)]) == 0, run.log.last()
    assert run.status().state == "finished"
    history = run.history()
    assert len(history) == 8 and history["val_loss"].isna().all() and history["val_accuracy"].isna().all()
    assert history["best"].tolist() == (history["loss"] <= history["loss"].cummin()).tolist()
    assert sum(history["best"]) > 1
    assert run.metrics() is None and not run.log.all(Evaluated) and len(run.log.all(Exported)) == 1
    assert "Not measured" in (run.exports_dir / "keras" / "README.md").read_text(encoding="utf-8")


def test_an_exploding_loss_ends_with_words(make_run: Callable[..., Run]) -> None:
    run = make_run(optimizer="sgd")
    run.config = dataclasses.replace(run.config, head_learning_rate=1e36)  # more than a form lets anybody choose
    assert worker._work(run) == 1
    last = run.log.last()
    assert isinstance(last, Failed) and last.error["kind"] == "TrainingError"
    assert "1e+36" in last.error["found"]
    assert "1e+35" in last.error["fix"]
    assert not any(kept.in_use for kept in contents(Workspace.of(run).features))


def test_a_mistake_in_the_program_is_recorded_too(
    make_run: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run()
    run.checkpoint.write_bytes(b"not a checkpoint")
    assert worker._work(run) == 1
    last = run.log.last()
    assert isinstance(last, Interrupted) and run.status().state == "interrupted"
    assert "worker.log" in last.error["fix"]
    assert "Traceback" in capsys.readouterr().err
