"""Which photos belong together, and that a split by group keeps them on one side."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.dataset.pictures import noise, photos
from transfer.dataset.corrections import Corrections
from transfer.dataset.groups import Member, groups, series_of, taken
from transfer.dataset.scan import scan


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("person_12_a.jpg", "person_12"),
        ("clip3_frame0012.png", "clip3_frame"),
        ("Anna (2).jpg", "anna"),
        ("abc_jpg.rf.0123abcd.jpg", "abc_jpg"),
        ("img12_flipped.png", "img12"),
        ("0012.png", ""),
        ("sunset.jpg", ""),
    ],
)
def test_the_series_of_a_name(name: str, series: str) -> None:
    assert series_of(f"class/{name}") == series


def members(*paths: str) -> list[Member]:
    return [Member(path, path.split("/")[0], f"{number:03}") for number, path in enumerate(paths)]


def test_a_name_that_most_photos_have_says_nothing() -> None:
    found = groups(members(*(f"cats/cat{n}.jpg" for n in range(9)), *(f"dogs/IMG_{n}.jpg" for n in range(9))))
    assert not found.of and not found.signs


def test_series_folders_and_copies_are_put_together() -> None:
    paths = [
        "a/p1_a",
        "a/p1_b",
        "a/p2_a",
        "b/p2_b",
        "a/site/x",
        "a/site/y",
        "b/u",
        "b/v",
        "a/w",
        "b/img7",
        "b/img7_flip",
    ]
    found = groups(members(*(f"{path}.jpg" for path in paths)), [("006", "008"), ("006", "not there")])
    together = defaultdict(set)
    for digest, group in found.of.items():
        together[group].add(paths[int(digest)])
    assert sorted(map(sorted, together.values())) == [
        ["a/p1_a", "a/p1_b"],
        ["a/p2_a", "b/p2_b"],
        ["a/site/x", "a/site/y"],
        ["a/w", "b/u"],
        ["b/img7", "b/img7_flip"],
    ]
    assert found.signs == {"copy": 2, "name": 6, "folder": 2}


def test_photos_taken_within_seconds_and_on_one_of_many_days() -> None:
    def shot(number: int, moment: float, camera: str = "one") -> Member:
        return Member(f"a/{number}x{number}y.jpg", "a", f"{number:03}", (camera, moment))

    burst = groups([shot(n, 30 * (n // 2) + 4 * (n % 2)) for n in range(8)] + [shot(8, 2, "two")])
    assert [burst.of.get(f"{n:03}") for n in range(9)] == [*(f"{n:03}" for n in (0, 0, 2, 2, 4, 4, 6, 6)), None]
    assert burst.signs == {"time": 8}
    days = groups([shot(n, 86400 * (n % 12) + 3600 * (n // 12)) for n in range(36)])
    assert len(set(days.of.values())) == 12 and days.signs == {"day": 36}


def test_signs_do_not_chain_all_photos_into_one_group() -> None:
    def shot(number: int) -> Member:
        camera, day = number % 3, number // 12
        path = f"{'ab'[number % 2]}/cam{camera}_{number}.jpg"
        return Member(path, path[0], f"{number:03}", (str(camera), 86400.0 * day + 600 * (number % 12)))

    found = groups([shot(number) for number in range(240)])
    assert max(Counter(found.of.values()).values()) <= 120 and found.signs["name"] == 240


def test_where_nothing_would_be_left_for_the_test_weaker_signs_are_not_followed(tmp_path: Path) -> None:
    for number, name in enumerate(("cats", "dogs")):
        for half in range(2):
            photos(tmp_path / name / f"site {half}", 6, first=1000 * number + 10 * half)
    dataset = scan(tmp_path, split_by="group")
    assert {photo.split for photo in dataset.photos} == {"train", "validation", "test"}
    assert any("Not kept together is what belongs together by their folders" in note for note in dataset.notes)


def test_when_a_photo_was_taken_is_read_from_the_file(tmp_path: Path) -> None:
    image = noise(1)
    written = image.getexif()
    written[0x0110] = "Box"
    written.get_ifd(0x8769)[0x9003] = "2024:02:03 04:05:06"
    image.save(tmp_path / "one.jpg", exif=written)
    image.save(tmp_path / "two.jpg")
    (tmp_path / "three.jpg").write_bytes(b"no photo")
    (_, moment), *others = taken([tmp_path / f"{name}.jpg" for name in ("one", "two", "three", "four")])
    assert moment == 1706933106 and others == [None, None, None]


def test_a_split_by_group_keeps_each_group_on_one_side(tmp_path: Path) -> None:
    for number, name in enumerate(("cats", "dogs")):
        for person in range(12):
            photos(tmp_path / "photos" / name / f"of {person}", 4, first=1000 * number + 10 * person)
    corrections = Corrections(tmp_path / "corrections", tmp_path / "photos")
    dealt = scan(tmp_path / "photos")
    first, second = (next(p for p in dealt.photos if f"cats/of {n}/" in p.path) for n in (3, 4))
    corrections.add_copies([(first.digest, second.digest)])
    by_group = scan(tmp_path / "photos", split_by="group", corrections=corrections)
    sides = defaultdict(set)
    for photo in by_group.photos:  # the same folder below both classes: one group
        sides[photo.path.split("/")[1]].add(photo.split)
    assert all(len(splits) == 1 for splits in sides.values()) and sides["of 3"] == sides["of 4"]
    counts = by_group.counts()
    assert (counts[["train", "validation", "test"]] > 0).all(axis=None) and (counts["train"] > 24).all()
    assert any("96 photos in 11 groups" in note for note in by_group.notes)
    assert len({photo.split for photo in dealt.photos if "/of 5/" in photo.path}) > 1, "which single photos are not"


def test_folders_that_say_what_is_for_the_test_are_obeyed(tmp_path: Path) -> None:
    for split, first in (("train", 0), ("val", 300), ("test", 600)):
        for number, name in enumerate(("cats", "dogs")):
            photos(tmp_path / split / name / "one site", 4, first=first + 50 * number)
    dataset = scan(tmp_path, split_by="group")
    assert all({"val": "validation"}.get(p.path.split("/")[0], p.path.split("/")[0]) == p.split for p in dataset.photos)
    assert any("on the side that the folders say" in note for note in dataset.notes)


def test_groups_in_all_classes_leave_no_class_without_training_photos(tmp_path: Path) -> None:
    for number, name in enumerate(("cats", "dogs")):
        for person in range(3 if number else 1):
            photos(tmp_path / name / f"of {person}", 3, first=1000 * number + 10 * person)
        photos(tmp_path / name / "of both", 2, first=1000 * number + 500)
    for seed in range(8):
        counts = scan(tmp_path, split_by="group", seed=seed).counts()
        assert (counts["train"] > 0).all()
