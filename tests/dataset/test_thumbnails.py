"""Contact sheets and the preview of augmentation, looked at by their pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.dataset.pictures import corners
from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.thumbnails import augmentation_preview, contact_sheet, examples

GAP = 6


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Twenty grey photos from dark to light in class 0, and one red photo in class 1."""
    listed = []
    for number in range(20):
        Image.new("RGB", (60, 40), (number * 10,) * 3).save(tmp_path / f"{number:02d}.png")
        listed.append(Photo(f"{number:02d}.png", 0, "train", str(number)))
    Image.new("RGB", (40, 60), "red").save(tmp_path / "red.png")
    return Dataset(str(tmp_path), ("grey", "red"), (*listed, Photo("red.png", 1, "test", "r")))


def test_twelve_photos_taken_evenly_in_two_rows(dataset: Dataset) -> None:
    board = contact_sheet(examples(dataset, 0, 12), 32)
    assert board.mode == "RGBA" and board.size == (6 * 32 + 5 * GAP, 2 * 32 + GAP)
    cells = [board.getpixel((c * (32 + GAP) + 16, r * (32 + GAP) + 16)) for r in range(2) for c in range(6)]
    greys = [cell[0] for cell in cells]  # type: ignore[index]
    assert greys == sorted(set(greys)) and greys[0] == 0 and greys[-1] >= 170
    assert board.getpixel((34, 10))[3] == 0  # type: ignore[index]


def test_fewer_photos_than_places(dataset: Dataset) -> None:
    board = contact_sheet(examples(dataset, 1), 48)
    assert board.size == (48, 48) and board.getpixel((24, 24)) == (255, 0, 0, 255)


def test_a_photo_gone_since_leaves_an_empty_place(dataset: Dataset) -> None:
    (Path(dataset.root) / "00.png").unlink()
    (Path(dataset.root) / "02.png").write_bytes(b"")
    board = contact_sheet(examples(dataset, 0, 20), 16)
    assert [board.getpixel((place * (16 + GAP) + 8, 8))[3] for place in range(4)] == [0, 255, 0, 255]  # type: ignore[index]


def test_thumbnails_are_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    corners().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif, quality=95)
    board = contact_sheet(examples(Dataset(str(tmp_path), ("x",), (Photo("a.jpg", 0, "train", ""),)), 0), 40)
    red, green, blue, _ = board.getpixel((8, 8))  # type: ignore[misc]
    assert red > 150 and green < 90 and blue < 90


def test_a_preview_shows_the_photo_and_five_versions(tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "broken.png", tmp_path / "b.png"]
    corners().save(paths[0])
    paths[1].write_bytes(b"")
    corners().rotate(180).save(paths[2])
    board = augmentation_preview(paths, "strong", seed=1, size=32)
    assert board.size == (6 * 32 + 5 * GAP, 2 * 32 + GAP)
    cells = [board.crop((c * (32 + GAP), 0, c * (32 + GAP) + 32, 32)) for c in range(6)]
    assert np.array_equal(
        np.asarray(cells[0].convert("RGB")), np.asarray(corners().resize((32, 32), Image.Resampling.BILINEAR))
    )
    assert len({cell.tobytes() for cell in cells}) == 6
    assert augmentation_preview(paths, "strong", seed=1, size=32).tobytes() == board.tobytes()
    assert augmentation_preview(paths, "strong", seed=2, size=32).tobytes() != board.tobytes()


def test_a_preview_without_augmentation_or_photos(tmp_path: Path) -> None:
    corners().save(tmp_path / "a.png")
    assert augmentation_preview([tmp_path / "a.png"] * 2, "off", size=32).size == (2 * 32 + GAP, 32)
    assert augmentation_preview([tmp_path / "none.png"], "light", size=32).size == (32, 32)
