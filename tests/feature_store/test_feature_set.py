"""A feature set keeps complete rows whatever happens to its writer; real processes, killed at random moments."""

import hashlib
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from transfer.feature_store.feature_set import RECORD, FeatureSet, OutOfRange
from transfer.feature_store.store import FeatureStore

from .writer import KEY, SHAPE, digest, rows_of, says, start


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features", 10**9)


@pytest.fixture
def process(store: FeatureStore):
    started: list[subprocess.Popen[str]] = []

    def begin(do: str, first: int, stop: int) -> subprocess.Popen[str]:
        started.append(start(store, do, first, stop))
        return started[-1]

    yield begin
    for each in started:
        each.kill()
        each.communicate()


def assert_right(features: FeatureSet, numbers: range) -> np.ndarray:
    """Every row that is there is the right one. Returns which of the photos have one."""
    positions = features.positions([digest(number) for number in numbers])
    there = np.flatnonzero(positions >= 0)
    wanted = rows_of([numbers[i] for i in there])
    assert np.array_equal(features.rows[positions[there]], wanted)
    assert sorted(positions[there]) == sorted(set(positions[there])), "two photos share a row"
    return there


def test_rows_are_found_again(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        assert len(features) == 0 and features.rows.shape == (0, *SHAPE)
        assert features.positions([digest(0)]).tolist() == [-1]
        assert features.append([digest(n) for n in range(10)], rows_of(range(10))).tolist() == list(range(10))
        assert features.rows.dtype == np.float16 and not features.rows.flags.writeable
    with store.open(KEY, SHAPE) as again:
        assert again.positions([digest(7), digest(99), digest(0)]).tolist() == [7, -1, 0]
        assert (again.rows[again.positions([digest(7), digest(3)])] == rows_of([7, 3])).all()


def test_only_what_is_missing_is_added(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        digests = [digest(n) for n in range(10_010)]
        for start in range(0, 10_000, 500):
            features.append(digests[start : start + 500], rows_of(range(start, start + 500)))
    with store.open(KEY, SHAPE) as features:
        missing = np.flatnonzero(features.positions(digests) < 0)
        assert missing.tolist() == list(range(10_000, 10_010))
        features.append([digests[i] for i in missing], rows_of(missing.tolist()))
        assert len(features) == 10_010
        assert len(assert_right(features, range(10_010))) == 10_010


def test_what_is_there_stays_and_copies_share_a_row(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        features.append([digest(1)], rows_of([1]))
        positions = features.append([digest(2), digest(1), digest(2), digest(3)], rows_of([2, 9, 9, 3]))
        assert positions.tolist() == [1, 0, 1, 2]
        assert len(assert_right(features, range(1, 4))) == 3


def test_views_are_kept_apart(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        for view in (0, 1, 256, 65536):
            assert features.positions([digest(1)], view).tolist() == [-1]
            features.append([digest(1)], rows_of([view % 999]), view)
        for view in (0, 1, 256, 65536):
            assert (features.rows[features.positions([digest(1)], view)] == view % 999).all()


def test_digests_of_zeros_and_as_bytes(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:
        odd = [b"\0" * 32, b"\1" + b"\0" * 31, b"\xff" * 32]
        features.append(odd, rows_of([5, 6, 7]))
        assert features.positions([each.hex() for each in odd]).tolist() == [0, 1, 2]
    with store.open(KEY, SHAPE) as features:
        assert features.positions(odd).tolist() == [0, 1, 2]
        with pytest.raises(ValueError, match="32 bytes"):
            features.positions([b"short"])


def test_an_open_reader_sees_what_is_added(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as reader, store.open(KEY, SHAPE) as writer:
        for n in range(5):
            writer.append([digest(n)], rows_of([n]))
            assert len(assert_right(reader, range(5))) == n + 1


def test_rows_of_another_shape_are_refused(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features, pytest.raises(ValueError, match="shape"):
        features.append([digest(1)], np.zeros((1, 3), np.float32))


@pytest.mark.parametrize(("value", "finite"), [(65504.0, None), (65520.0, True), (-1e9, True), (np.nan, False)])
def test_values_beyond_float16_are_refused(store: FeatureStore, value: float, finite: bool | None) -> None:
    rows = rows_of([1, 2])
    rows[1, 0, 0] = value
    with store.open(KEY, SHAPE) as features:
        if finite is None:
            features.append([digest(1), digest(2)], rows)
            assert features.rows[1, 0, 0] == value
            return
        with pytest.raises(OutOfRange) as caught:
            features.append([digest(1), digest(2)], rows)
        assert caught.value.finite is finite
        assert len(features) == 0 and (features.path / "rows").stat().st_size == 0


def test_float32_rows_come_back_bit_by_bit(store: FeatureStore) -> None:
    rows = np.random.default_rng(0).normal(size=(20, *SHAPE)).astype(np.float32) * 1e6
    with store.open(KEY, SHAPE, "float32") as features:
        features.append([digest(n) for n in range(20)], rows)
        assert np.array_equal(features.rows, rows)


def test_a_writer_killed_at_any_moment_leaves_only_right_rows(store: FeatureStore, process: Callable) -> None:
    """Twelve writers in a row, each killed at another moment; what a writer had reported as done must be there."""
    photos = 20_000
    dice = random.Random(4)
    known = 0
    for _ in range(12):
        writer = process("write", 0, photos)
        says(writer, "done")
        time.sleep(dice.random() * 0.05)
        writer.kill()
        assert writer.stdout
        said = [int(line.split()[1]) for line in writer.stdout.read().splitlines() if line.startswith("done ")]
        with store.open(KEY, SHAPE) as features:
            there = assert_right(features, range(photos))
            assert there.tolist() == list(range(len(there))), "a gap"
            assert len(there) >= max([known, *(number + 1 for number in said)])
            known = len(there)
    assert known > 100


@pytest.mark.parametrize("rows_cut", [0, 1, 39])
@pytest.mark.parametrize("index_cut", [0, 1, 39, 41])
def test_torn_tails_are_ignored_and_cut_off(store: FeatureStore, rows_cut: int, index_cut: int) -> None:
    with store.open(KEY, SHAPE) as features:
        features.append([digest(n) for n in range(10)], rows_of(range(10)))
        rows_file, index_file = features.path / "rows", features.path / "index"
        row_bytes = features.row_bytes
    os.truncate(rows_file, 10 * row_bytes - rows_cut)
    os.truncate(index_file, 10 * RECORD.itemsize - index_cut)
    left = min(10 - -(-rows_cut // row_bytes), 10 - -(-index_cut // RECORD.itemsize))
    with store.open(KEY, SHAPE) as features:
        assert len(features) == left and assert_right(features, range(10)).tolist() == list(range(left))
        features.append([digest(50)], rows_of([50]))
        assert rows_file.stat().st_size == (left + 1) * row_bytes
        assert index_file.stat().st_size == (left + 1) * RECORD.itemsize
        assert len(assert_right(features, range(60))) == left + 1


def test_rubbish_at_the_end_is_ignored_and_cut_off(store: FeatureStore) -> None:
    """What a power cut leaves: files that are longer than what was written, filled with zeros or anything."""
    for rubbish in (bytes(4000), b"\xa5" * 4000):
        with store.open({**KEY, "rubbish": rubbish[:1].hex()}, SHAPE) as features:
            features.append([digest(n) for n in range(3)], rows_of(range(3)))
            for name in ("rows", "index"):
                with (features.path / name).open("ab") as file:
                    file.write(rubbish)
        with store.open({**KEY, "rubbish": rubbish[:1].hex()}, SHAPE) as features:
            assert len(features) == 3
            features.append([digest(n) for n in range(3, 6)], rows_of(range(3, 6)))
            assert len(assert_right(features, range(9))) == 6 == len(features)


def test_a_second_writer_waits_and_finds_the_work_done(store: FeatureStore, process: Callable) -> None:
    first = process("told", 0, 160)
    says(first, "done")
    second = process("write", 0, 168)
    says(second, "waiting")
    print(file=first.stdin, flush=True)
    assert says(second, "missing") == "missing 8"
    assert (first.wait(30), second.wait(30)) == (0, 0)
    with store.open(KEY, SHAPE) as features:
        assert len(features) == 168 == len(assert_right(features, range(168)))


def test_whoever_waits_can_give_up(store: FeatureStore, process: Callable) -> None:
    writer = process("slow", 0, 10_000)
    says(writer, "done")

    def give_up() -> None:
        raise KeyboardInterrupt

    with store.open(KEY, SHAPE) as features, pytest.raises(KeyboardInterrupt), features.writing(give_up):
        pass


def test_readers_in_the_middle_of_writing(store: FeatureStore, process: Callable) -> None:
    writer = process("slow", 0, 400)
    says(writer, "writing")
    seen = []
    with store.open(KEY, SHAPE) as features:
        while writer.poll() is None:
            seen.append(len(assert_right(features, range(400))))
            time.sleep(0.01)
        assert len(assert_right(features, range(400))) == 400
    assert seen == sorted(seen) and len(set(seen)) > 5


def test_threads_of_one_process_may_append_together(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as features:

        def add(start: int) -> None:
            for n in range(start, start + 50):
                features.append([digest(n)], rows_of([n]))

        with features.writing():
            threads = [threading.Thread(target=add, args=(start,)) for start in (0, 25, 50, 75)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(features) == 125 == len(assert_right(features, range(125)))


def test_a_full_disk_leaves_what_was_there(store: FeatureStore, process: Callable) -> None:
    writer = process("small_disk", 0, 800)
    assert "File too large" in writer.communicate(timeout=30)[1] and writer.returncode == 1
    with store.open(KEY, SHAPE) as features:
        there = assert_right(features, range(800))
        assert 0 < len(there) < 50 and (features.path / "rows").stat().st_size == len(there) * features.row_bytes
        features.append([digest(n) for n in range(800)], rows_of(range(800)))
        assert len(assert_right(features, range(800))) == 800


def test_a_hundred_thousand_photos_need_little_memory(store: FeatureStore) -> None:
    import tracemalloc

    digests = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(100_000)]
    with store.open(KEY, (8,)) as features:
        for start in range(0, 100_000, 10_000):
            features.append(digests[start : start + 10_000], np.zeros((10_000, 8), np.float16))
    tracemalloc.start()
    try:
        with store.open(KEY, (8,)) as features:
            assert features.positions(digests[:1]).tolist() == [0]
            kept, peak = tracemalloc.get_traced_memory()
            assert kept < 8 * 2**20 and peak < 64 * 2**20
            assert (features.positions(digests) == np.arange(100_000)).all()
    finally:
        tracemalloc.stop()


def test_links_in_place_of_files_are_not_followed(store: FeatureStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    for name in ("rows", "index"):
        with store.open(KEY, SHAPE) as features:
            (features.path / name).unlink()
            (features.path / name).symlink_to(outside)
            features.append([digest(1)], rows_of([1]))
        with store.open(KEY, SHAPE) as anew:
            assert not (anew.path / name).is_symlink() and len(anew) == 0
            anew.append([digest(2)], rows_of([2]))
            assert (anew.rows == 2).all()
    assert outside.read_bytes() == b"mine"
