"""The store throws away what nobody uses, oldest first, and nothing else."""

import contextlib
import hashlib
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from transfer.feature_store import store as store_module
from transfer.feature_store.feature_set import OutOfRange
from transfer.feature_store.store import Cleared, FeatureStore

from .contents import contents
from .writer import KEY, SHAPE, digest, rows_of, says, start

MEGABYTE = 2**20


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features", 10**9)


def fill(store: FeatureStore, name: str, megabytes: int) -> None:
    with store.open({"backbone": name}, (MEGABYTE // 4,), "float32") as features:
        for n in range(megabytes):
            features.append([hashlib.sha256(f"{name}{n}".encode()).digest()], np.ones((1, MEGABYTE // 4), np.float32))
    time.sleep(0.02)


def names(store: FeatureStore) -> list[str]:
    return [str(each.key["backbone"]) for each in contents(store)]


def test_a_new_store_is_empty_and_makes_nothing(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "none", 1)
    assert store.size() == 0 and store.row_shape(KEY) is None
    assert not store.folder.exists()
    assert store.clear() == Cleared(0, 0)


def test_each_key_has_its_own_set_and_says_what_is_in_it(store: FeatureStore) -> None:
    keys = [KEY, {**KEY, "image_size": 224}, {**KEY, "weights": None}, {**KEY, "alpha": 0.35}]
    paths = set()
    for key in keys:
        with store.open(key, SHAPE) as features:
            paths.add(features.path)
            features.append([digest(1), digest(2)], rows_of([1, 2]))
    with store.open(dict(reversed(KEY.items())), SHAPE) as features:
        assert features.path in paths and len(features) == 2
    with store.open(KEY, (7,)) as other, store.open(KEY, SHAPE, "float32") as wide:
        assert len(other) == 0 == len(wide)
    assert len(paths) == 4 and len(contents(store)) == 6
    filled = [each for each in contents(store) if each.rows]
    assert {json.dumps(each.key, sort_keys=True) for each in filled} == {json.dumps(k, sort_keys=True) for k in keys}
    for each in filled:
        assert (each.rows, each.dtype, each.row_shape, each.in_use) == (2, "float16", SHAPE, False)
    assert 4 * 2 * 40 < store.size() < 10_000


def test_odd_types_and_shapes_are_refused(store: FeatureStore) -> None:
    for shape, dtype in ((SHAPE, "int8"), ((0,), "float16")):
        with pytest.raises(ValueError, match="expected"):
            store.open(KEY, shape, dtype)


def test_the_least_recently_used_goes_first_and_only_as_much_as_needed(store: FeatureStore) -> None:
    for name in ("a", "b", "c", "d"):
        fill(store, name, 2)
    with store.open({"backbone": "a"}, (MEGABYTE // 4,), "float32"):
        pass  # opening is using
    assert names(store) == ["a", "d", "c", "b"]
    store.cap_bytes = 9 * MEGABYTE
    assert store.make_room(MEGABYTE // 2) and names(store) == ["a", "d", "c", "b"]
    assert store.make_room(2 * MEGABYTE) and names(store) == ["a", "d", "c"]
    assert store.make_room(6 * MEGABYTE) and names(store) == ["a"]
    assert store.size() < 3 * MEGABYTE


def test_what_can_never_fit_costs_nothing(store: FeatureStore) -> None:
    fill(store, "a", 1)
    store.cap_bytes = 2 * MEGABYTE
    assert not store.make_room(3 * MEGABYTE)
    assert names(store) == ["a"]


def test_what_is_in_use_stays(store: FeatureStore) -> None:
    fill(store, "old", 2)
    holder = start(store, "hold", 0, 0)
    says(holder, "held")
    with store.open(KEY, SHAPE) as features:
        features.append([digest(1)], rows_of([1]))
    in_use = {str(each.key["backbone"]): each.in_use for each in contents(store)}
    assert in_use == {"old": False, "MobileNetV2": True}
    cleared = store.clear()
    assert cleared.in_use == 1 and 2 * MEGABYTE <= cleared.bytes < 3 * MEGABYTE
    assert names(store) == ["MobileNetV2"]
    store.cap_bytes = 10
    assert not store.make_room(0)
    holder.kill()  # a dead process holds nothing
    holder.communicate()
    assert store.clear().in_use == 0 and contents(store) == [] and store.size() == 0


def test_clearing_while_a_writer_works_leaves_its_work_whole(
    store: FeatureStore,
) -> None:
    writer = start(store, "stay", 0, 120)
    last = ""
    while last != "done 119":
        last = says(writer, "done")
        assert store.clear() == Cleared(0, 1)
        assert contents(store)[0].in_use
    assert writer.communicate()[1] == "" and writer.returncode == 0
    with store.open(KEY, SHAPE) as features:
        assert (features.positions([digest(n) for n in range(120)]) >= 0).all()
    assert list((features.path / "held").iterdir()) == []


def test_a_set_that_was_too_narrow_is_opened_wide(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        assert features.dtype == np.float16
        with pytest.raises(OutOfRange) as caught:
            features.append([digest(1)], rows_of([1]) * 1e6)
        assert caught.value.finite
        store.too_narrow(features)
    with store.open(KEY, SHAPE) as features:
        assert features.dtype == np.float32
        features.append([digest(1)], rows_of([1]) * 1e6)
        assert (features.rows == 1e6).all()


def test_a_store_deleted_under_ones_feet_harms_nobody(store: FeatureStore) -> None:
    """Who has a set open goes on in files without a name; whoever makes it anew never sees them."""
    with store.open(KEY, SHAPE) as features:
        features.append([digest(1), digest(2)], rows_of([1, 2]))
        shutil.rmtree(store.folder)
        with store.open(KEY, SHAPE) as again:
            again.append([digest(3)], rows_of([3]))
            with contextlib.suppress(OSError):  # there may be no place any more for its lock
                features.append([digest(4)], rows_of([4]))
            assert again.positions([digest(n) for n in range(5)]).tolist() == [-1, -1, -1, 0, -1]
            assert (again.rows == rows_of([3])).all() and (features.rows[:2] == rows_of([1, 2])).all()


def test_a_disk_that_cannot_be_used_is_an_os_error(store: FeatureStore) -> None:
    """Which those who ask take for “not kept”."""
    store.folder.parent.mkdir(exist_ok=True)
    store.folder.write_text("not a folder")
    with pytest.raises(OSError):
        store.open(KEY, SHAPE)
    assert store.row_shape(KEY) is None and store.size() == 0


def test_sets_of_another_format_are_not_opened_but_go_when_room_is_needed(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "FORMAT", 0)
    fill(store, "old", 2)
    monkeypatch.undo()
    assert store.row_shape({"backbone": "old"}) is None and store.size() > 2 * MEGABYTE
    fill(store, "old", 1)
    store.cap_bytes = 2 * MEGABYTE
    assert store.make_room(MEGABYTE // 2)
    assert [each.rows for each in contents(store)] == [1]


def test_a_deletion_that_was_cut_short_is_finished(store: FeatureStore) -> None:
    fill(store, "a", 1)
    contents(store)[0].path.rename(store.folder / ".gone-0123")
    assert store.size() == 0 and store.row_shape({"backbone": "a"}) is None
    fill(store, "b", 1)
    assert not (store.folder / ".gone-0123").exists() and names(store) == ["b"]


def test_a_damaged_set_is_made_anew(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        features.append([digest(1)], rows_of([1]))
        (features.path / "index").unlink()
    with store.open(KEY, SHAPE) as features:
        assert len(features) == 0
        features.append([digest(1)], rows_of([1]))
        assert (features.rows == 1).all()


def test_links_are_not_followed(store: FeatureStore, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    (outside / "held").mkdir(parents=True)
    for name in ("key.json", "rows", "index", "used", "mine.txt"):
        (outside / name).write_text("{}")
    with store.open(KEY, SHAPE) as features:
        place = features.path
    store.clear()
    place.symlink_to(outside)
    (store.folder / "0123").symlink_to(outside)
    (store.folder / ".gone-1").symlink_to(outside)
    assert store.size() == 0 and store.row_shape(KEY) is None
    store.clear()
    store.make_room(1)
    with store.open(KEY, SHAPE) as features:  # the link in its place is replaced
        features.append([digest(1)], rows_of([1]))
        assert not features.path.is_symlink()
    assert sorted(path.name for path in outside.iterdir()) == ["held", "index", "key.json", "mine.txt", "rows", "used"]
    assert all(path.read_text() == "{}" for path in outside.iterdir() if path.is_file())


def test_the_shape_under_a_key_is_known_once_there_is_a_set(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "features")
    assert store.row_shape({"network": "one"}) is None
    store.open({"network": "one"}, (7, 7, 3)).close()
    store.open({"network": "two"}, (5,), "float32").close()
    assert store.row_shape({"network": "one"}) == (7, 7, 3)
    assert store.row_shape({"network": "two"}) == (5,)
    assert store.row_shape({"network": "three"}) is None
