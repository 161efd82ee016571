"""Photos are read by a program of its own, with a real one at the other end; nothing is decoded in this process."""

from __future__ import annotations

import base64
import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.dataset.pictures import corners, photos
from transfer.dataset.integrity import Integrity, read_photos
from transfer.dataset.scan import scan
from transfer.messages.photo_questions import CheckPhotos
from transfer.messages.questions import Question
from transfer.processes import photo_reader
from transfer.processes.photo_reader import KILLED, PhotoReader
from transfer.processes.photo_server import answer


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PhotoReader]:
    reader = PhotoReader(tmp_path_factory.mktemp("reader") / "photos.log")
    yield reader
    reader.close()


@pytest.fixture
def nothing_is_opened_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*given: object, **named: object) -> None:
        raise AssertionError("a photo was opened in this process")

    monkeypatch.setattr(Image, "open", opened)


def test_every_question_has_an_answer() -> None:
    for kind in Question.kinds().values():
        if kind.__module__ == "transfer.messages.photo_questions":
            assert answer.dispatch(kind) is not answer.dispatch(object), kind


@pytest.mark.usefixtures("nothing_is_opened_here")
def test_a_check_says_what_it_says_here(reader: PhotoReader, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for name in "ab":
        photos(tmp_path / name, 30, 1000 * ord(name))
    (tmp_path / "a" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere")
    told: list[tuple[int, int]] = []
    there = scan(tmp_path, read=reader.check, progress=lambda *counts: told.append(counts))
    assert told[-1] == (61, 61)
    request.getfixturevalue("monkeypatch").undo()
    assert scan(tmp_path) == there and "torn.jpg" in str(there.left_out)


@pytest.mark.usefixtures("nothing_is_opened_here")
def test_pictures(reader: PhotoReader, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    corners(900, 300).save(tmp_path / "wide.jpg")
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    asked = [tmp_path / name for name in ("wide.jpg", "torn.jpg", "none.jpg")]
    (wide, *none), (sheet,) = reader.thumbnails(asked, 90), reader.contact_sheets([asked])
    preview = reader.preview(asked[:1], "strong")
    assert none == [None, None] and reader.thumbnails([], 90) == ()
    request.getfixturevalue("monkeypatch").undo()
    sizes = [Image.open(io.BytesIO(base64.b64decode(data or ""))).size for data in (wide, sheet, preview)]
    assert sizes == [(90, 30), (3 * 96 + 2 * 6, 96), (6 * 128 + 5 * 6, 128)]


def test_a_photo_that_ends_the_program_is_named_and_the_others_are_read(
    reader: PhotoReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = photos(tmp_path, 12)
    client, ask = reader._client, reader._client.ask

    def killed(question: Question[object], *, timeout: float = 0.0) -> object:
        if isinstance(question, CheckPhotos) and str(paths[5]) in question.files:
            client._running()
            assert client._process is not None
            os.kill(client._process.pid, signal.SIGSTOP)  # it hangs in that photo, and is ended
            timeout = 0.1
        return ask(question, timeout=timeout)

    monkeypatch.setattr(client, "ask", killed)
    checked = list(reader.check(paths))
    assert checked[5] == Integrity("", KILLED)
    del checked[5], paths[5]
    assert checked == list(read_photos(paths))


def test_what_libraries_print_does_not_get_into_the_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; from transfer.processes import serving, photo_server\n"
    program += "def answer(asked): os.write(1, b'a decoder says something\\n'); return photo_server.answer(asked)\n"
    program += "serving.main('test', answer)"
    monkeypatch.setattr(photo_reader, "COMMAND", (sys.executable, "-c", program))
    reader = PhotoReader(tmp_path / "photos.log")
    (path,) = photos(tmp_path, 1)
    assert [each.reason for each in reader.check([path])] == [""]
    reader.close()
    assert "a decoder says something" in (tmp_path / "photos.log").read_text()
