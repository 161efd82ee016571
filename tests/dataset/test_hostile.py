"""Hostile photos through everything that reads photos: none gets through as an error of ours, none ends a process.

Forty files here; the long form, with 250 and a training and a prediction by the real programs, takes a minute:
`HOSTILE_FILES=250 pytest tests/dataset/test_hostile.py -n 0`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.dataset.hostile import bases, hostile
from tests.dataset.pictures import photos
from transfer.dataset.dataset import Dataset, Photo
from transfer.dataset.photo import open_photo
from transfer.learning.analysis.prediction import Predictor
from transfer.learning.pipeline import PhotoSource
from transfer.processes.photo_reader import KILLED, PhotoReader

COUNT = int(os.environ.get("HOSTILE_FILES", "40"))
OURS = re.compile(r"Traceback|TypeError|AttributeError|IndexError|KeyError|struct\.error|AssertionError|/transfer/")

pytestmark = pytest.mark.filterwarnings("ignore::Warning:PIL")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return hostile(tmp_path_factory.mktemp("hostile"), COUNT)


class Colours(Predictor):
    """Says how red, green and blue a photo is."""

    def look(self, photos: np.ndarray) -> np.ndarray:
        return photos.mean((1, 2)) / 255


def in_words(reasons: Sequence[str]) -> None:
    for reason in reasons:
        assert reason and len(reason) < 300 and not OURS.search(reason), reason


def test_a_check_names_each_and_goes_on(files: list[Path], tmp_path: Path) -> None:
    reader = PhotoReader(tmp_path / "photos.log")
    try:
        list(reader.check(photos(tmp_path, 1)))
        process = reader._client._process
        assert process is not None
        checked = list(reader.check(files))
        assert reader._client._process is process and process.poll() is None, "one of them ended the program"
        memory = psutil.Process(process.pid).memory_info()
        pictures = reader.thumbnails(files, 64)
        assert all((picture is None) == bool(each.reason) for picture, each in zip(pictures, checked, strict=True))
    finally:
        reader.close()
    assert len(checked) == COUNT and all(each.digest or each.reason for each in checked)
    in_words([each.reason for each in checked if each.reason])
    assert KILLED not in {each.reason for each in checked}
    assert COUNT / 3 < sum(bool(each.reason) for each in checked) < COUNT
    assert memory.rss < 700 * 2**20
    assert "Traceback" not in (tmp_path / "photos.log").read_text(errors="replace")


def test_a_training_that_meets_them_goes_on(files: list[Path]) -> None:
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    listed = tuple(Photo(path.name, n % 2, "train", digests[n]) for n, path in enumerate(files))
    skipped: dict[str, str] = {}
    source = PhotoSource(
        Dataset(str(files[0].parent), ("a", "b"), listed), "train", 32, 16, skipped.__setitem__, augmentation="strong"
    )
    batches = list(source.batches(key=(0, 0, 0)))
    in_words([*skipped.values()])
    assert sum(batch.photos for batch in batches) == COUNT - len(skipped) > 0
    assert all(np.isfinite(batch.inputs).all() for batch in batches)


def test_a_prediction_says_which_it_cannot_read(files: list[Path]) -> None:
    answers = Colours(("red", "green", "blue"), 32).predict([str(path) for path in files])
    assert [answer.path for answer in answers] == [str(path) for path in files]
    in_words([answer.to_dict()["error"] for answer in answers if answer.error])
    assert 0 < sum(answer.error is not None for answer in answers) < COUNT


@pytest.mark.skipif(COUNT < 250, reason="the long form: HOSTILE_FILES=250")
def test_the_programs_themselves(files: list[Path], tmp_path: Path) -> None:
    """Between sound photos: `check`, `train`, `predict`, and the worker's own log."""
    place = tmp_path / "photos"
    for number, name in enumerate(("a", "b")):
        photos(place / name, 14, 1000 * number)
        for path in files[number::2]:
            (place / name / path.name).write_bytes(path.read_bytes())

    def transfer(*words: object, code: int = 0) -> dict[str, object]:
        command = [sys.executable, "-m", "transfer", *map(str, words), "--json", "--workspace", str(tmp_path / "work")]
        environment = {**os.environ, "TRANSFER_STANDBY_MINUTES": "0"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr[-3000:]
        answer: dict[str, object] = json.loads(done.stdout)  # one object, and nothing that a library said
        return answer

    checked = transfer("check", place)
    assert COUNT / 3 < len(checked["left_out"]) < COUNT  # type: ignore[arg-type]
    network = ("--backbone", "MobileNetV2", "--alpha", "0.35", "--weights", "random", "--image-size", "32")
    run = Path(str(transfer("train", place, *network, "--head-epochs", "1")["run"]))
    assert "Traceback" not in (run / "worker.log").read_text(errors="replace")
    answers = transfer("predict", run, *files, code=2)["predictions"]
    assert isinstance(answers, list) and len(answers) == COUNT
    in_words([answer["error"] for answer in answers if "error" in answer])


SOUND = [*bases().values()]
EDITS = st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), max_size=12)


@settings(max_examples=1500 if COUNT > 40 else 150, deadline=None, database=None, derandomize=COUNT == 40)
@given(base=st.sampled_from(SOUND), edits=EDITS, cut=st.integers(0, 20_000), behind=st.binary(max_size=64))
def test_any_damage_gives_a_photo_or_words(
    base: bytes, edits: list[tuple[int, bytes]], cut: int, behind: bytes
) -> None:
    content = bytearray(base)
    for place, data in edits:
        content[place : place + len(data)] = data
    try:
        image = open_photo(io.BytesIO(bytes(content[:cut]) + behind), at_least=32)
    except (OSError, ValueError) as error:
        in_words([str(error)])
    else:
        assert image.mode == "RGB" and isinstance(image, Image.Image)
