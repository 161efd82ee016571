"""A part of the photos: no test photo, no copy, training photos first, and the same ones every time."""

import dataclasses

from transfer.dataset.dataset import Dataset, Photo, Split
from transfer.dataset.subset import FOLDS, folds, subset


def made(counts: dict[Split, int]) -> Dataset:
    photos = [
        Photo(f"{name}/{split}{i:03d}.jpg", label, split, f"{name}{split}{i}")
        for label, name in enumerate(("cat", "dog"))
        for split, count in counts.items()
        for i in range(count)
    ]
    return Dataset("/photos", ("cat", "dog"), tuple(sorted(photos, key=lambda photo: photo.path)))


def test_training_photos_come_first_and_test_photos_never() -> None:
    whole = made({"train": 30, "validation": 20, "test": 20})
    for wanted, trained, validated in ((10, 10, 0), (40, 30, 10), (500, 30, 20)):
        part = subset(whole, wanted)
        names = [photo.path for photo in part.photos]
        assert sum("train" in name for name in names) == 2 * trained
        assert sum("validation" in name for name in names) == 2 * validated
        assert not any("test" in name for name in names)
        assert {photo.split for photo in part.photos} == {"train"} and names == sorted(names)


def test_which_ones_follows_from_their_content() -> None:
    whole = made({"train": 30})
    renamed = dataclasses.replace(
        whole, photos=tuple(dataclasses.replace(each, path=each.path.replace("0", "x")) for each in whole.photos[::-1])
    )
    assert {photo.digest for photo in subset(whole, 7).photos} == {photo.digest for photo in subset(renamed, 7).photos}
    few, more = subset(whole, 7), subset(whole, 8)
    assert set(few.photos) < set(more.photos)


def test_of_copies_there_is_one() -> None:
    whole = made({"train": 3})
    copies = tuple(dataclasses.replace(photo, path=f"{photo.path} copy") for photo in whole.photos)
    assert subset(dataclasses.replace(whole, photos=whole.photos + copies), 100).photos == whole.photos


def test_every_photo_is_a_new_one_once_and_test_photos_never() -> None:
    photos = [
        Photo(f"{label}/{number}", label, "test" if number % 5 == 0 else "train", f"{label} {number // 2}")
        for label in range(3)
        for number in range(40)
    ]
    dataset = Dataset("/", ("a", "b", "c"), tuple(photos))
    dealt = folds(dataset)
    measured = [photo.path for fold in dealt for photo in fold.of("validation")]
    assert sorted(measured) == sorted(photo.path for photo in photos if photo.split != "test")
    for fold in dealt:
        assert not fold.of("test")
        learned = {photo.digest for photo in fold.of("train")}
        assert not learned & {photo.digest for photo in fold.of("validation")}  # copies are on one side
        assert fold.counts()["validation"].between(32 / FOLDS - 4, 32 / FOLDS + 4).all()
