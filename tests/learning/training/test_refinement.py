"""Refinement: what it chooses, that it is taken only where it is not worse, and what a run with one leaves behind."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.learning.conftest import TINY, paint, work
from tests.waiting import until
from transfer.advice.refinement import refinement as in_words
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo, Split
from transfer.learning.analysis.prediction import load
from transfer.learning.analysis.served import ServedModel
from transfer.learning.analysis.trust import Trust
from transfer.learning.export.format import named
from transfer.learning.training import refinement
from transfer.learning.training.ridge import Ridge
from transfer.messages.endings import Finished
from transfer.messages.events import EpochEnded, Evaluated, Refined
from transfer.runs.run import Run

PARTS = (6, 4)  # an inner depth and the last one


def photos(classes: int = 3, a_class: int = 20) -> Dataset:
    splits: tuple[Split, ...] = ("train", "train", "train", "validation")
    found = tuple(
        Photo(f"{label}-{n}.jpg", label, splits[n % 4], f"{label:02d}{n:04d}" * 4)
        for label in range(classes)
        for n in range(a_class)
    )
    return Dataset("/", tuple("abc"[:classes]), found)


def seen(told: str, noise: float = 0.3, mirror: float = 0.0) -> refinement.Features:
    """Features in which the inner depth, the last one or both tell the classes apart, all with noise of their own."""

    def features(of: Dataset, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
        rows = []
        for photo in of.photos:
            rng = np.random.default_rng((int(photo.digest, 16), mirrored))
            row = rng.normal(size=sum(PARTS)) * (mirror if mirror else noise)
            for name, begin in (("inner", 0), ("last", PARTS[0])):
                if told in (name, "both"):
                    row[begin + photo.label] += 1
            rows.append(row)
        real = np.ones(len(rows), bool)
        real[5] = False  # a photo that can no longer be read
        return np.array(rows, np.float16), real

    return features


def blind(rows: np.ndarray) -> np.ndarray:
    return np.tile([1.0, 0, 0], (len(rows), 1))


def knows(rows: np.ndarray) -> np.ndarray:
    return rows[:, :3]


def refine(told: str, head: Callable[[np.ndarray], np.ndarray], **settings: object) -> refinement.Refinement:
    noise = {"noise": settings.pop("noise", 0.3), "mirror": settings.pop("mirror", 0.0)}
    config = RunConfig(**settings)  # type: ignore[arg-type]
    return refinement.refine(config, photos(), PARTS, seen(told, **noise), head, np.ones(3))  # type: ignore[arg-type]


def test_inner_depths_count_where_they_tell_something() -> None:
    found = refine("inner", blind)
    assert found.choice.share > 0 and found.better
    assert found.after > 12 > found.before == 5 and found.photos == 15
    alone = refine("inner", blind, feature_depths="last")
    assert alone.choice.share == 0 and alone.after < found.after
    assert not alone.kernel[: PARTS[0]].any()
    assert refine("last", blind, feature_depths="several").choice.share > 0


def test_a_worse_answer_is_not_taken() -> None:
    found = refine("last", knows, feature_depths="last", penalty=1e4, noise=0.6)
    assert refine("none", knows).better is (refine("none", knows).after >= refine("none", knows).before)
    worse = dataclasses.replace(found, after=found.before - 1)
    assert not worse.better and dataclasses.replace(found, after=found.before).better


def test_the_mirror_image_is_looked_at_where_it_helps() -> None:
    assert refine("both", blind, mirror=1.2).choice.mirrored  # two looks at something very noisy
    assert not refine("both", blind, noise=0.05).choice.mirrored
    assert not refine("both", blind, mirror=1.2, mirrored_views="off").choice.mirrored
    assert refine("both", blind, noise=0.05, mirrored_views="on").choice.mirrored


def test_many_photos_are_added_up_to_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    x, labels, weights = rng.normal(size=(90, 12)).astype(np.float32), np.arange(90) % 3, np.array([1.0, 2.0, 0.5])
    monkeypatch.setattr(refinement, "BLOCK", 32)
    ones = np.ones(12, np.float32)
    kernel, bias = refinement._normal_equations(x, ones, labels, weights, 0.5)
    expected = Ridge(x, labels, 3, weights[labels]).solution(0.5)
    assert kernel == pytest.approx(expected[0], abs=1e-4) and bias == pytest.approx(expected[1], abs=1e-4)


def test_the_answer_is_that_of_features_as_they_are() -> None:
    found = refine("both", blind)
    rows, real = seen("both")(photos(), False)
    logits = rows.astype(np.float32) @ found.kernel + found.bias
    right = logits.argmax(axis=1) == [photo.label for photo in photos().photos]
    assert right[real].mean() > 0.9


REFINED = (
    TINY
    | {"hidden_units": 0, "dropout": 0.0, "frozen_layers": None}
    | {
        "backbone": "EfficientNetLite0",
        "weights": "imagenet",
        "image_size": 64,
        "head_epochs": 2,
        "head_learning_rate": 1e-4,  # so that there is something left to gain
    }
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run whose answer was refined, always with the mirror image."""
    from transfer.dataset.scan import scan
    from transfer.runs.workspace import Workspace

    place = tmp_path_factory.mktemp("refined")
    folder = paint(place / "photos", {"blue": 24, "green | grün": 24, "red": 24})
    config = RunConfig.from_dict(REFINED | {"photos": str(folder), "mirrored_views": "on", "feature_depths": "several"})
    run = Workspace(place / "workspace").create(config, scan(folder, seed=0))
    worker = work(run)
    until(lambda: worker.poll() is not None, 300)
    assert run.status().state == "finished", run.worker_log.read_text()
    return run


def test_the_first_score_comes_before_the_refinement_and_the_last_word_is_of_what_is_kept(run: Run) -> None:
    told = [event for event in run.log.read() if isinstance(event, (EpochEnded, Evaluated, Refined, Finished))]
    kinds = [type(event) for event in told if not isinstance(event, EpochEnded)]
    taken = run.log.all(Refined)[0]
    assert kinds == [Evaluated, Refined, *([Evaluated] if taken.taken else []), Finished]
    assert taken.mirrored and taken.share > 0 and taken.after >= taken.before
    metrics = run.metrics()
    assert metrics is not None and metrics.accuracy == told[-2].accuracy  # type: ignore[union-attr]
    title, text = in_words(taken)
    assert ("better" in title) == (taken.after > taken.before) and "mirror" in text and f"{taken.after}." in text


def test_the_model_in_the_file_says_what_was_measured(run: Run) -> None:
    table = pd.read_csv(run.evaluation_dir / "predictions.csv")
    paths = [str(run.dataset.path(photo)) for photo in run.dataset.of("test")]
    for answer, row in zip(load(run).predict(paths), table.to_dict("records"), strict=True):
        for label, share in answer.classes:
            assert share == pytest.approx(row[f"p:{label}"], abs=2e-3)
    proven = json.loads(next(run.exports_dir.glob("keras/parity.json")).read_text())
    assert proven["photos"] and proven["max_difference"] < 1e-3


def test_what_it_learned_is_told_apart_from_everything_else(run: Run, tmp_path: Path) -> None:
    """By Keras, by the engine and by the export: photos of the right kind, and black and white noise."""
    pytest.importorskip("openvino")
    rng = np.random.default_rng(0)
    strange = [str(tmp_path / f"{number}.png") for number in range(4)]
    for path in strange:
        Image.fromarray(rng.choice(np.array([0, 255], np.uint8), (24, 24)).repeat(9, 0).repeat(9, 1)).save(path)
    own = [str(run.dataset.path(photo)) for photo in run.dataset.of("test")]
    served = ServedModel(run, load)
    told = served.predict([*own, *strange])
    assert sum(bool(each.unfamiliar) for each in told[: len(own)]) <= 2
    assert all(each.unfamiliar for each in told[len(own) :])
    assert all(each.classes[0][0] in each.possible for each in told)
    training = {(str(run.dataset.path(each)), run.dataset.classes[each.label]) for each in run.dataset.of("train")}
    assert all(len(each.nearest) == 3 and set(each.nearest) <= training for each in told)
    served.prepare()
    assert served.ready
    folder = run.exports_dir / "keras"
    lines = named("keras").answers(named("keras").start(folder, [*own, *strange]))
    for one, other, line in zip(told, served.predict([*own, *strange]), lines, strict=True):
        assert other.unfamiliar == one.unfamiliar == line["unfamiliar"] and other.nearest[0] == one.nearest[0]
        assert other.possible == one.possible == tuple(line["possible"])
    assert not Trust.read(folder / "trust.npz").photos
    card = (folder / "README.md").read_text("utf-8")
    assert "may be nothing that it has learned" in card and "conformal" in card


def test_a_worker_killed_while_it_refines_does_it_again(run: Run) -> None:
    again = Run(shutil.copytree(run.path, run.path.parent / f"{run.id}-again"))
    lines = again.log.path.read_text().splitlines(keepends=True)
    cut = next(n for n, line in enumerate(lines) if '"refined"' in line)
    again.log.path.write_text("".join(lines[:cut]))
    before = again.metrics()
    again.request_resume()
    worker = work(again)
    until(lambda: worker.poll() is not None, 300)
    assert again.status().state == "finished"
    (refined,) = again.log.all(Refined)
    original = run.log.all(Refined)[0]
    assert dataclasses.replace(refined, time=0.0, seconds=0.0) == dataclasses.replace(original, time=0.0, seconds=0.0)
    after = again.metrics()
    assert before is not None and after is not None and after.loss == pytest.approx(before.loss, abs=1e-6)
