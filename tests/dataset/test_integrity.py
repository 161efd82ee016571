"""Which photo can be read, and that this is asked once. Files change under the memory to show what it remembers."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.dataset.pictures import bomb, noise, photos
from transfer.dataset.integrity import check_photos


def spoil(path: Path) -> None:
    """Other bytes in a file of the same size and time of change."""
    stat = path.stat()
    path.write_bytes(bytes(stat.st_size))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def test_digests_and_reasons_in_the_order_asked(tmp_path: Path) -> None:
    paths = photos(tmp_path, 20)
    paths[3].write_bytes(b"")
    paths[7].write_bytes(paths[7].read_bytes()[:60])
    paths[11].write_bytes(b"<html>404</html>")
    bomb(paths[13], 60_000, 60_000)
    paths[17].unlink()
    checked = check_photos(paths)
    reasons = {index: each.reason for index, each in enumerate(checked) if each.reason}
    assert list(reasons) == [3, 7, 11, 13, 17]
    for index, reason in {3: "empty", 7: "cut short", 11: "web page", 13: "too large", 17: "not there"}.items():
        assert reason in reasons[index]
    for path, each in zip(paths, checked, strict=True):
        assert each.digest == (hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "")


def test_what_is_remembered_is_not_read_again(tmp_path: Path) -> None:
    paths, memory = photos(tmp_path / "photos", 12), tmp_path / "cache" / "memory.sqlite"
    paths[0].write_bytes(b"no photo at all")
    first = check_photos(paths, memory)
    for path in paths:
        spoil(path)
    assert check_photos(paths, memory) == first and not first[1].reason and first[0].reason
    assert all("only zeros" in each.reason for each in check_photos(paths))  # without the memory the change shows


def test_another_time_or_size_is_another_photo(tmp_path: Path) -> None:
    paths, memory = photos(tmp_path, 3), tmp_path / "memory.sqlite"
    check_photos(paths, memory)
    for path in paths:
        spoil(path)
    os.utime(paths[0])
    paths[1].write_bytes(bytes(10))
    assert [bool(each.reason) for each in check_photos(paths, memory)] == [True, True, False]


def test_an_answer_of_another_decoder_is_not_believed(tmp_path: Path) -> None:
    paths, memory = photos(tmp_path, 1), tmp_path / "memory.sqlite"
    check_photos(paths, memory)
    spoil(paths[0])
    with sqlite3.connect(memory) as connection:
        connection.execute("UPDATE verdicts SET decoder = 'an older one'")
    connection.close()
    assert check_photos(paths, memory)[0].reason


@pytest.mark.parametrize("content", [b"this is no database, " * 100, b"SQLite format 3\0 cut short"])
def test_a_broken_memory_costs_time_and_is_made_anew(tmp_path: Path, content: bytes) -> None:
    paths, memory = photos(tmp_path, 4), tmp_path / "memory.sqlite"
    memory.write_bytes(content)
    fresh = check_photos(paths)
    assert check_photos(paths, memory) == fresh == check_photos(paths, memory)
    for path in paths:
        spoil(path)
    assert check_photos(paths, memory) == fresh  # the third time it was remembered


def test_no_place_for_the_memory(ordinary: Path) -> None:
    paths = photos(ordinary / "photos", 2)
    (ordinary / "photos").chmod(0o555)
    assert check_photos(paths, ordinary / "photos" / "memory.sqlite") == check_photos(paths)
    (ordinary / "photos").chmod(0o755)


def test_permission_given_later_is_noticed(ordinary: Path) -> None:
    """It changes neither size nor time of the file."""
    paths, memory = photos(ordinary, 2), ordinary / "memory.sqlite"
    paths[0].chmod(0)
    assert "no permission" in check_photos(paths, memory)[0].reason
    paths[0].chmod(0o644)
    assert not check_photos(paths, memory)[0].reason


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    paths, memory = photos(tmp_path, 30), tmp_path / "memory.sqlite"
    for _ in range(2):
        told: list[tuple[int, int]] = []
        check_photos(paths, memory, lambda *numbers, told=told: told.append(numbers))  # type: ignore[misc]
        assert told[-1] == (30, 30) and told == sorted(told)


def test_giving_up_does_not_wait_for_the_rest(tmp_path: Path) -> None:
    """Who stops the check in its first moments does not sit through all the other photos."""
    noise(0, 1000, 1000).save(tmp_path / "0.png")
    paths = [tmp_path / f"{number}.png" for number in range(300)]
    for path in paths[1:]:
        path.symlink_to("0.png")
    done: list[int] = []

    def stop(now: int, total: int) -> None:
        done.append(now)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_photos(paths, None, stop)
    assert done[0] < 30
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("photos")]
