"""A shelf keeps complete rows whatever happens to its writer; real processes, killed at random moments."""

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

from transfer.feature_store import feature_set as shelf_module
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


def assert_right(shelf: FeatureSet, numbers: range) -> np.ndarray:
    """Every row that is there is the right one. Returns which of the photos have one."""
    positions = shelf.positions([digest(number) for number in numbers])
    there = np.flatnonzero(positions >= 0)
    wanted = rows_of([numbers[i] for i in there])
    assert np.array_equal(shelf.rows[positions[there]], wanted)
    assert sorted(positions[there]) == sorted(set(positions[there])), "two photos share a row"
    return there


def test_rows_are_found_again(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf:
        assert len(shelf) == 0 and shelf.rows.shape == (0, *SHAPE)
        assert shelf.positions([digest(0)]).tolist() == [-1]
        assert shelf.append([digest(n) for n in range(10)], rows_of(range(10))).tolist() == list(range(10))
        assert shelf.rows.dtype == np.float16 and not shelf.rows.flags.writeable
    with store.open(KEY, SHAPE) as again:
        assert again.positions([digest(7), digest(99), digest(0)]).tolist() == [7, -1, 0]
        assert (again.rows[again.positions([digest(7), digest(3)])] == rows_of([7, 3])).all()


def test_only_what_is_missing_is_added(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf:
        digests = [digest(n) for n in range(10_010)]
        for start in range(0, 10_000, 500):
            shelf.append(digests[start : start + 500], rows_of(range(start, start + 500)))
    with store.open(KEY, SHAPE) as shelf:
        missing = np.flatnonzero(shelf.positions(digests) < 0)
        assert missing.tolist() == list(range(10_000, 10_010))
        shelf.append([digests[i] for i in missing], rows_of(missing.tolist()))
        assert len(shelf) == 10_010
        assert len(assert_right(shelf, range(10_010))) == 10_010


def test_what_is_there_stays_and_copies_share_a_row(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf:
        shelf.append([digest(1)], rows_of([1]))
        positions = shelf.append([digest(2), digest(1), digest(2), digest(3)], rows_of([2, 9, 9, 3]))
        assert positions.tolist() == [1, 0, 1, 2]
        assert len(assert_right(shelf, range(1, 4))) == 3


def test_views_are_kept_apart(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf:
        for view in (0, 1, 256, 65536):
            assert shelf.positions([digest(1)], view).tolist() == [-1]
            shelf.append([digest(1)], rows_of([view % 999]), view)
        for view in (0, 1, 256, 65536):
            assert (shelf.rows[shelf.positions([digest(1)], view)] == view % 999).all()


def test_digests_of_zeros_and_as_bytes(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf:
        odd = [b"\0" * 32, b"\1" + b"\0" * 31, b"\xff" * 32]
        shelf.append(odd, rows_of([5, 6, 7]))
        assert shelf.positions([each.hex() for each in odd]).tolist() == [0, 1, 2]
    with store.open(KEY, SHAPE) as shelf:
        assert shelf.positions(odd).tolist() == [0, 1, 2]
        with pytest.raises(ValueError, match="32 bytes"):
            shelf.positions([b"short"])


def test_an_open_reader_sees_what_is_added(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as reader, store.open(KEY, SHAPE) as writer:
        for n in range(5):
            writer.append([digest(n)], rows_of([n]))
            assert len(assert_right(reader, range(5))) == n + 1


def test_rows_of_another_shape_are_refused(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf, pytest.raises(ValueError, match="shape"):
        shelf.append([digest(1)], np.zeros((1, 3), np.float32))


@pytest.mark.parametrize(("value", "finite"), [(65504.0, None), (65520.0, True), (-1e9, True), (np.nan, False)])
def test_values_beyond_float16_are_refused(store: FeatureStore, value: float, finite: bool | None) -> None:
    rows = rows_of([1, 2])
    rows[1, 0, 0] = value
    with store.open(KEY, SHAPE) as shelf:
        if finite is None:
            shelf.append([digest(1), digest(2)], rows)
            assert shelf.rows[1, 0, 0] == value
            return
        with pytest.raises(OutOfRange) as caught:
            shelf.append([digest(1), digest(2)], rows)
        assert caught.value.finite is finite
        assert len(shelf) == 0 and (shelf.path / "rows").stat().st_size == 0


def test_float32_rows_come_back_bit_by_bit(store: FeatureStore) -> None:
    rows = np.random.default_rng(0).normal(size=(20, *SHAPE)).astype(np.float32) * 1e6
    with store.open(KEY, SHAPE, "float32") as shelf:
        shelf.append([digest(n) for n in range(20)], rows)
        assert np.array_equal(shelf.rows, rows)


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
        with store.open(KEY, SHAPE) as shelf:
            there = assert_right(shelf, range(photos))
            assert there.tolist() == list(range(len(there))), "a gap"
            assert len(there) >= max([known, *(number + 1 for number in said)])
            known = len(there)
    assert known > 100


@pytest.mark.parametrize("rows_cut", [0, 1, 39])
@pytest.mark.parametrize("index_cut", [0, 1, 39, 41])
def test_torn_tails_are_ignored_and_cut_off(store: FeatureStore, rows_cut: int, index_cut: int) -> None:
    with store.open(KEY, SHAPE) as shelf:
        shelf.append([digest(n) for n in range(10)], rows_of(range(10)))
        rows_file, index_file = shelf.path / "rows", shelf.path / "index"
        row_bytes = shelf.row_bytes
    os.truncate(rows_file, 10 * row_bytes - rows_cut)
    os.truncate(index_file, 10 * RECORD.itemsize - index_cut)
    left = min(10 - -(-rows_cut // row_bytes), 10 - -(-index_cut // RECORD.itemsize))
    with store.open(KEY, SHAPE) as shelf:
        assert len(shelf) == left and assert_right(shelf, range(10)).tolist() == list(range(left))
        shelf.append([digest(50)], rows_of([50]))
        assert rows_file.stat().st_size == (left + 1) * row_bytes
        assert index_file.stat().st_size == (left + 1) * RECORD.itemsize
        assert len(assert_right(shelf, range(60))) == left + 1


def test_rubbish_at_the_end_is_ignored_and_cut_off(store: FeatureStore) -> None:
    """What a power cut leaves: files that are longer than what was written, filled with zeros or anything."""
    for rubbish in (bytes(4000), b"\xa5" * 4000):
        with store.open({**KEY, "rubbish": rubbish[:1].hex()}, SHAPE) as shelf:
            shelf.append([digest(n) for n in range(3)], rows_of(range(3)))
            for name in ("rows", "index"):
                with (shelf.path / name).open("ab") as file:
                    file.write(rubbish)
        with store.open({**KEY, "rubbish": rubbish[:1].hex()}, SHAPE) as shelf:
            assert len(shelf) == 3
            shelf.append([digest(n) for n in range(3, 6)], rows_of(range(3, 6)))
            assert len(assert_right(shelf, range(9))) == 6 == len(shelf)


def test_a_second_writer_waits_and_finds_the_work_done(store: FeatureStore, process: Callable) -> None:
    first = process("slow", 0, 160)
    says(first, "done")
    second = process("write", 0, 168)
    says(second, "waiting")
    assert says(second, "missing") == "missing 8"
    assert (first.wait(30), second.wait(30)) == (0, 0)
    with store.open(KEY, SHAPE) as shelf:
        assert len(shelf) == 168 == len(assert_right(shelf, range(168)))


def test_whoever_waits_can_give_up(store: FeatureStore, process: Callable) -> None:
    writer = process("slow", 0, 10_000)
    says(writer, "done")

    def give_up() -> None:
        raise KeyboardInterrupt

    with store.open(KEY, SHAPE) as shelf, pytest.raises(KeyboardInterrupt), shelf.writing(give_up):
        pass


def test_readers_in_the_middle_of_writing(store: FeatureStore, process: Callable) -> None:
    writer = process("slow", 0, 400)
    says(writer, "writing")
    seen = []
    with store.open(KEY, SHAPE) as shelf:
        while writer.poll() is None:
            seen.append(len(assert_right(shelf, range(400))))
            time.sleep(0.01)
        assert len(assert_right(shelf, range(400))) == 400
    assert seen == sorted(seen) and len(set(seen)) > 5


def test_threads_of_one_process_may_append_together(store: FeatureStore) -> None:
    with store.open(KEY, SHAPE) as shelf:

        def add(start: int) -> None:
            for n in range(start, start + 50):
                shelf.append([digest(n)], rows_of([n]))

        with shelf.writing():
            threads = [threading.Thread(target=add, args=(start,)) for start in (0, 25, 50, 75)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(shelf) == 125 == len(assert_right(shelf, range(125)))


def test_a_full_disk_leaves_what_was_there(store: FeatureStore, process: Callable) -> None:
    writer = process("small_disk", 0, 800)
    assert "File too large" in writer.communicate(timeout=30)[1] and writer.returncode == 1
    with store.open(KEY, SHAPE) as shelf:
        there = assert_right(shelf, range(800))
        assert 0 < len(there) < 50 and (shelf.path / "rows").stat().st_size == len(there) * shelf.row_bytes
        shelf.append([digest(n) for n in range(800)], rows_of(range(800)))
        assert len(assert_right(shelf, range(800))) == 800


def test_a_hundred_thousand_photos_need_little_memory(store: FeatureStore) -> None:
    import tracemalloc

    digests = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(100_000)]
    with store.open(KEY, (8,)) as shelf:
        for start in range(0, 100_000, 10_000):
            shelf.append(digests[start : start + 10_000], np.zeros((10_000, 8), np.float16))
    tracemalloc.start()
    try:
        with store.open(KEY, (8,)) as shelf:
            assert shelf.positions(digests[:1]).tolist() == [0]
            kept, peak = tracemalloc.get_traced_memory()
            assert kept < 8 * 2**20 and peak < 64 * 2**20
            assert (shelf.positions(digests) == np.arange(100_000)).all()
    finally:
        tracemalloc.stop()
    assert shelf_module.MERGE < 100_000


def test_links_in_place_of_files_are_refused(store: FeatureStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    with store.open(KEY, SHAPE) as shelf:
        for name in ("rows", "index"):
            (shelf.path / name).unlink()
            (shelf.path / name).symlink_to(outside)
        with pytest.raises(OSError):
            shelf.append([digest(1)], rows_of([1]))
    assert outside.read_bytes() == b"mine"
