"""Features: the same numbers as the whole network gives, each computed once, going on where they stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.feature_store.contents import contents
from tests.learning.conftest import COLOURS, paint
from transfer.feature_store.store import FeatureStore
from transfer.learning import device
from transfer.learning.features import source as feature_source
from transfer.learning.features.compiled import FeatureSpec
from transfer.learning.features.cut import Cut, cut
from transfer.learning.features.engine import Engine, KerasEngine, open_engine
from transfer.learning.features.extraction import FeatureExtractor, NotKept
from transfer.learning.features.source import FeatureSource
from transfer.learning.features.stage import Stage
from transfer.learning.inbox import Inbox, Stopped
from transfer.learning.model.classifier import Classifier, build
from transfer.learning.pipeline import PhotoSource
from transfer.learning.reporter import Reporter
from transfer.messages.events import Skipped
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

SPEC = FeatureSpec("three layers", "random", 32, "features avg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint(tmp_path_factory.mktemp("features") / "photos", dict.fromkeys(COLOURS, 50), seed=11)


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run], folder: Path) -> Run:
    return make_run(folder, batch_size=4)


@pytest.fixture(scope="module")
def classifier(run: Run) -> Classifier:
    return build(run.config, 3)


def photos(run: Run, split: str = "train", augmentation: str = "off") -> PhotoSource:
    return PhotoSource(run.dataset, split, 32, 4, Reporter(run).skip, augmentation)  # type: ignore[arg-type]


class Counting(Engine):
    """Keras, and how many photos it was asked about."""

    description = "Keras, counted"

    def __init__(self, engine: Engine, before: Callable[[int], None] = lambda seen: None) -> None:
        self.engine, self.photos, self.before = engine, 0, before

    def map(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for batch in batches:
            self.before(self.photos)
            self.photos += len(batch)
            yield self.engine.run(batch)


class Kept(FeatureExtractor):
    """Features in a place of their own, with a counted engine."""

    def __init__(self, run: Run, place: Path, part: KerasEngine, cap: int = 10**9, **options: object) -> None:
        store = FeatureStore(place / "features", cap)
        super().__init__(Workspace(place), device.choose(), Reporter(run), Inbox(run.mailbox), store)
        self.counted = Counting(part, **options)  # type: ignore[arg-type]
        self.engines._keep(SPEC, self.counted)
        self.stages: tuple[Stage, ...] = (Stage(SPEC, SPEC, (24,), not_needed),)


def rows_of(source: FeatureSource) -> np.ndarray:
    return np.concatenate([batch.inputs[batch.valid > 0] for batch in source.batches()])


def test_features_and_head_together_are_the_network(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    kept = Kept(run, tmp_path, KerasEngine(classifier.features))
    found = kept.extract(kept.stages, photos(run))
    assert kept.counted.photos == found.photos == len(run.dataset.of("train"))
    for ours, theirs in zip(found.batches(), photos(run).batches(), strict=True):
        assert np.array_equal(ours.labels, theirs.labels)
        assert np.array_equal(ours.valid, theirs.valid)
        assert np.array_equal(ours.indices, theirs.indices)
        whole = np.asarray(classifier.model(theirs.inputs.astype(np.float32), training=False))
        real = theirs.valid > 0
        head = np.asarray(classifier.head(ours.inputs.astype(np.float32), training=False))
        assert np.allclose(head[real], whole[real], atol=1e-3)  # 16 bits
    kept.close()

    again = Kept(run, tmp_path, KerasEngine(classifier.features))
    assert np.array_equal(rows_of(again.extract(again.stages, photos(run))), rows_of(found))
    assert again.counted.photos == 0
    again.close()


def test_only_new_photos_are_computed(
    make_run: Callable[..., Run], run: Run, folder: Path, classifier: Classifier, tmp_path: Path
) -> None:
    kept = Kept(run, tmp_path, KerasEngine(classifier.features))
    for split in ("train", "validation", "test"):
        kept.extract(kept.stages, photos(run, split))
    assert kept.counted.photos == 150
    more = tmp_path / "more"
    paint(more, dict.fromkeys(COLOURS, 5), seed=12)
    for photo in folder.rglob("*.png"):
        (more / photo.parent.name / f"old-{photo.name}").write_bytes(photo.read_bytes())
    larger = make_run(more)
    for split in ("train", "validation", "test"):
        kept.extract(kept.stages, photos(larger, split))
    assert kept.counted.photos == 165
    kept.close()


def test_what_was_computed_before_a_stop_is_kept(
    run: Run, classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfer.learning.inbox.LOOK", 0.0)
    part = KerasEngine(classifier.features)
    complete = Kept(run, tmp_path / "complete", part)
    expected = rows_of(complete.extract(complete.stages, photos(run)))
    complete.close()

    first = Kept(run, tmp_path, part, before=lambda seen: run.request_stop() if seen >= 64 else None)
    with pytest.raises(Stopped):
        first.extract(first.stages, photos(run))
    first.close()
    run.mailbox.clear()
    rest = Kept(run, tmp_path, part)
    got = rows_of(rest.extract(rest.stages, photos(run)))
    rest.close()
    assert 0 < rest.counted.photos < len(expected)
    assert np.array_equal(got, expected)


def test_values_beyond_sixteen_bits_are_kept_in_thirty_two(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    import keras

    large = keras.Model(classifier.features.inputs, classifier.features.outputs[0] * 1e6)
    kept = Kept(run, tmp_path, KerasEngine(large))
    rows = rows_of(kept.extract(kept.stages, photos(run)))
    assert rows.dtype == np.float32 and rows.max() > 65504
    assert [each.dtype for each in contents(FeatureStore(tmp_path / "features")) if each.rows] == ["float32"]
    kept.close()
    nothing = keras.Model(classifier.features.inputs, classifier.features.outputs[0] * float("nan"))
    broken = Kept(run, tmp_path / "broken", KerasEngine(nothing))
    with pytest.raises(NotKept, match="not a number"):
        broken.extract(broken.stages, photos(run))
    broken.close()


def test_what_does_not_fit_is_not_begun(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    kept = Kept(run, tmp_path, KerasEngine(classifier.features), cap=1000)
    with pytest.raises(NotKept, match="set aside"):
        kept.extract(kept.stages, photos(run))
    assert kept.counted.photos == 0
    kept.close()


def test_every_epoch_shows_one_view_of_each_photo(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    kept = Kept(run, tmp_path, KerasEngine(classifier.features))
    source, count = kept.extract(kept.stages, photos(run, augmentation="light"), views=3), len(run.dataset.of("train"))
    assert kept.counted.photos == 3 * count
    shown = [np.concatenate(list(source.numbers((0, 0, epoch)))) for epoch in (1, 2, 1)]
    assert np.array_equal(shown[0], shown[2])
    views = []
    for numbers in shown[:2]:
        real = numbers[numbers >= 0]
        assert sorted(real % count) == list(range(count))
        views.append((real // count)[np.argsort(real % count)])
        assert set(real // count) == {0, 1, 2}
    assert not np.array_equal(*views)
    by_photo = source._gather(np.arange(3 * count)).reshape(3, count, -1)
    assert not np.array_equal(by_photo[0], by_photo[1])
    labels = np.concatenate([batch.labels[batch.valid > 0] for batch in source.batches((0, 0, 1))])
    assert np.array_equal(labels, photos(run).labels[shown[0][shown[0] >= 0] % count])
    kept.close()


def test_copies_share_a_row_and_what_cannot_be_read_counts_for_nothing(
    make_run: Callable[..., Run], classifier: Classifier, tmp_path: Path
) -> None:
    some = make_run(paint(tmp_path / "some", dict.fromkeys(COLOURS, 12), seed=13))
    gone = some.dataset.of("train")[3]
    some.dataset.path(gone).unlink()
    kept = Kept(some, tmp_path, KerasEngine(classifier.features))
    source = kept.extract(kept.stages, photos(some))
    table = source.table()
    assert table is not None
    assert table.valid.numpy().tolist() == [float(index != 3) for index in range(source.photos)]
    assert not table.rows.numpy()[3].any()
    assert [skipped.path for skipped in some.log.all(Skipped)] == [gone.path]
    kept.close()


def test_maps_below_unfrozen_layers_are_kept_too(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    parts = cut(classifier, 3)
    assert parts.gains and len(parts.shape) == 3
    kept = Kept(run, tmp_path, KerasEngine(parts.lower))
    source = kept.extract([Stage(SPEC, SPEC, parts.shape, lambda: parts.lower)], photos(run))
    batch, seen = next(source.batches()), next(photos(run).batches())
    whole = np.asarray(classifier.model(seen.inputs.astype(np.float32), training=False))
    assert np.allclose(np.asarray(parts.upper(batch.inputs.astype(np.float32), training=False)), whole, atol=1e-3)
    kept.close()


def test_two_phases_look_at_each_photo_once(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    parts, maps, kept = two_stages(run, classifier, tmp_path)
    for views, variation in ((0, "off"), (2, "strong")):
        source = kept.extract(kept.stages, photos(run, augmentation=variation), views)
        looked = kept.counted.photos
        below_source = kept.extract([maps], photos(run, augmentation=variation), views)
        assert kept.counted.photos == looked == source.photos * (views or 1) + (source.photos if views else 0)
        for key in (None, (1, 0, 3)):
            for below, above in zip(below_source.batches(key), source.batches(key), strict=True):
                wanted = np.asarray(parts.tail(below.inputs.astype(np.float32)))
                np.testing.assert_allclose(above.inputs, wanted, atol=2e-3)
                assert (below.indices == above.indices).all() and (below.labels == above.labels).all()
    kept.close()


def test_where_only_the_last_stage_can_be_kept_the_photos_go_through_both(
    run: Run, classifier: Classifier, tmp_path: Path
) -> None:
    _, maps, kept = two_stages(run, classifier, tmp_path, cap=20_000)
    with pytest.raises(NotKept):
        kept.extract([maps], photos(run))
    source = kept.extract(kept.stages, photos(run))
    assert kept.counted.photos == source.photos
    seen = np.concatenate([batch.inputs[batch.valid > 0] for batch in photos(run).batches()])
    wanted = np.asarray(classifier.features(seen.astype(np.float32), training=False))
    np.testing.assert_allclose(rows_of(source), wanted, atol=2e-3)
    kept.close()


def two_stages(run: Run, classifier: Classifier, place: Path, cap: int = 10**9) -> tuple[Cut, Stage, Kept]:
    """A network cut below its last layer, the stage below the cut, and an extractor with both stages."""
    parts = cut(classifier, 3)
    kept = Kept(run, place, KerasEngine(parts.lower), cap)
    lower, tail = replace(SPEC, cut="maps"), replace(SPEC, cut="tail of maps")
    maps = Stage(lower, lower, parts.shape, not_needed)
    kept.engines._keep(lower, kept.counted)
    kept.engines._keep(tail, KerasEngine(parts.tail))
    kept.stages = maps, Stage(SPEC, tail, (24,), not_needed)
    return parts, maps, kept


def not_needed() -> Any:
    raise AssertionError("the engine is there already")


def test_large_features_stay_on_disk(
    run: Run, classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(run, tmp_path, KerasEngine(classifier.features))
    source = kept.extract(kept.stages, photos(run))
    assert source.table() is not None
    monkeypatch.setattr(feature_source, "RESIDENT", 24 * 2 * source.photos - 1)
    assert source.table() is None
    kept.close()


def test_a_kept_engine_knows_what_an_answer_looks_like(run: Run, classifier: Classifier, tmp_path: Path) -> None:
    """So that nobody builds the network before the photos are looked at."""
    pytest.importorskip("openvino")
    workspace = Workspace(tmp_path)
    extractor = FeatureExtractor(workspace, device.choose(), Reporter(run), Inbox(run.mailbox))
    assert extractor.known(SPEC, not_needed) is None
    open_engine(lambda: classifier.features, SPEC, workspace.engines_dir)
    stage = extractor.known(SPEC, not_needed)
    assert stage == Stage(SPEC, SPEC, (24,), not_needed)
    found = extractor.extract((stage,), photos(run, "test"))
    assert len(rows_of(found)) == len(run.dataset.of("test"))
    extractor.close()
