"""Galleries of the photos that a model was measured on, with real photos; what it said is in predictions.csv."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.ui.conftest import HOSTILE, read
from transfer.drawing import galleries
from transfer.processes.photo_reader import PhotoReader
from transfer.runs.predictions import predictions
from transfer.runs.run import Run

ODD = HOSTILE.replace("/", "∕")


def predicted(run: Run, *rows: tuple[str, str, str, float]) -> None:
    """What evaluation writes."""
    run.evaluation_dir.mkdir(exist_ok=True)
    with (run.evaluation_dir / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("path", "label", "predicted", "confidence", "p:cat"), *((*row, 0) for row in rows)]
        )


def test_photos_are_shown_with_what_was_said_of_them(
    new_run: Callable[..., Run], tmp_path: Path, photos: PhotoReader
) -> None:
    run = new_run(classes=("cat", ODD))
    place = tmp_path / "pets" / ODD
    place.mkdir(parents=True)
    for name in (f"{ODD}.jpg", "sure.jpg", "fine.jpg"):
        Image.new("RGB", (900, 300), "red").save(place / name)
    (place / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    assert galleries.worst(run, photos.thumbnails) == galleries.least_certain(run, photos.thumbnails) == ""
    wrong = [(f"{ODD}.jpg", 0.875), ("gone.jpg", 0.99), ("torn.jpg", 0.99), ("sure.jpg", 0.95)]
    rows = [(f"{ODD}/{name}", ODD, "cat", confidence) for name, confidence in wrong]
    predicted(run, *rows, (f"{ODD}/fine.jpg", ODD, ODD, 0.51))
    assert len(predictions(run)) == 5

    html = galleries.worst(run, photos.thumbnails)
    page = read(html)
    assert page.having("alt") == [f"{ODD}/sure.jpg", f"{ODD}/{ODD}.jpg"], "the surest first; none that is gone or torn"
    assert "88% surereally" in page.text and page.text.count("alert(1)") == 2, "what they are"
    assert f"{ODD}/{ODD}.jpg" in page.having("title") and len(html) < 20_000, "thumbnails, not the photos"
    page = read(galleries.least_certain(run, photos.thumbnails))
    assert page.having("alt")[0] == f"{ODD}/fine.jpg" and "51% surewhich is right" in page.text
    page = read(galleries.of_a_cell(run, ODD, "cat", photos.thumbnails))
    assert page.text.startswith("4 photos of “") and "taken for “cat”" in page.text and len(page.having("alt")) == 2
    assert "recognised" in read(galleries.of_a_cell(run, ODD, ODD, photos.thumbnails)).text
    none = read(galleries.of_a_cell(run, "cat", HOSTILE, photos.thumbnails))
    assert "0 photos of “cat”" in none.text and "img" not in [tag for tag, _ in none.tags]


def test_a_damaged_file_shows_nothing(new_run: Callable[..., Run], photos: PhotoReader) -> None:
    run = new_run()
    for text in ("path,label\na,b\n", "path,label,predicted,confidence\na,b,c,much\n", "\0", "path\n" + '"' * 200_000):
        run.evaluation_dir.mkdir(exist_ok=True)
        (run.evaluation_dir / "predictions.csv").write_text(text, encoding="utf-8")
        assert predictions(run) == () and galleries.worst(run, photos.thumbnails) == ""
