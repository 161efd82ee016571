"""The door in front of Gradio itself: what is let in, and that nothing stays of what is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from tests.waiting import awaited
from transfer.door import uploads
from transfer.door.door import Door
from transfer.door.hosts import Hosts
from transfer.door.login import Guesses, Passwords, Patience
from transfer.door.uploads import Limits

LIMITS = Limits(
    kinds=((".zip", 3_000_000), (".keras", 2_000_000)), others=1_000_000, together=4_000_000, question=500_000, spare=0
)
UPLOAD = "/gradio_api/upload"
Files = Callable[[], list[str]]


@pytest.fixture(scope="module")
def uploads_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Gradio writes what arrives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder := tmp_path_factory.mktemp("uploads")))
        yield folder


@pytest.fixture
def files(uploads_folder: Path) -> Files:
    """What it has written by now, in this test."""
    shutil.rmtree(uploads_folder, ignore_errors=True)
    return lambda: sorted(path.name for path in uploads_folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def page(uploads_folder: Path) -> TestClient:
    return client()


def client(limits: Limits = LIMITS, patience: Patience | None = None) -> TestClient:
    def say(text: str) -> str:
        return text

    with gr.Blocks() as blocks:
        gr.api(say)
    auth, guesses = None, None
    if patience is not None:
        auth, guesses = Passwords(["ann:secret"]).right, Guesses(patience)
    door = Middleware(Door, hosts=Hosts("127.0.0.1"), limits=limits, guesses=guesses)
    around = gr.mount_gradio_app(FastAPI(middleware=[door]), blocks, path="", auth=auth)  # type: ignore[arg-type]
    return TestClient(around, base_url="http://localhost:7860")


def sent(page: TestClient, *named: tuple[str, int], **headers: str) -> tuple[int, str]:
    answer = page.post(UPLOAD, files=[("files", (name, b"x" * size)) for name, size in named], headers=headers)
    return answer.status_code, answer.text


def test_what_is_small_enough_is_kept(page: TestClient, files: Files) -> None:
    assert sent(page, ("a.zip", 2_900_000), ("b.jpg", 900_000))[0] == 200
    assert files() == ["a.zip", "b.jpg"]


@pytest.mark.parametrize(
    "named",
    [
        [("a.zip", 3_000_001)],
        [("A.ZIP", 3_000_001)],
        [("b.jpg", 1_000_001)],
        [("c.keras", 2_000_001)],
        [("zip", 1_000_001)],
        [("a.zip", 2_900_000), ("b.zip", 1_200_000)],
        [("small.jpg", 10), ("b.jpg", 1_000_001)],
    ],
)
def test_what_is_too_large_leaves_no_file(named: list[tuple[str, int]], page: TestClient, files: Files) -> None:
    status, words = sent(page, *named)
    assert status == 413
    assert "larger than may be sent" in words and "at most 3 MB for a .zip file" in words
    assert files() == []


def test_the_announced_size_is_not_believed(page: TestClient, files: Files) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    read = 0

    def body() -> object:
        nonlocal read
        yield head
        for _ in range(1000):
            read += 100_000
            yield b"y" * 100_000

    answer = page.post(UPLOAD, content=body(), headers={"content-type": "multipart/form-data; boundary=x"})  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert files() == []


def test_a_full_disk(page: TestClient, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_free", lambda: 1000)
    status, words = sent(page, ("a.jpg", 10_000))
    assert (status, files()) == (507, [])
    assert "1 kB free" in words


@pytest.mark.parametrize("name", ["/", "..", ".", "***", "a" * 300 + ".jpg", "C:\\"])
def test_names_that_are_none(name: str, page: TestClient, files: Files) -> None:
    status, words = sent(page, (name, 10))
    assert (status, files()) == (400, [])
    assert "no usable name" in words


@pytest.mark.parametrize("name", ["猫.jpg", "it's a “photo” (1).JPG", "a;b=c.jpg", "..jpg", "😀.jpg", "a/b.jpg"])
def test_names_that_people_have(name: str, page: TestClient, files: Files) -> None:
    assert sent(page, (name, 10))[0] == 200
    assert len(files()) == 1


def test_what_is_torn_leaves_no_file(page: TestClient, files: Files) -> None:
    whole = {"content-type": "multipart/form-data; boundary=x"}
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    for body in (head + b"\r\n--xx-\r\n\x00", head + b"y" * 100, head[:-30], b"garbage", b""):
        assert page.post(UPLOAD, content=body, headers=whole).status_code == 400
    assert page.post(UPLOAD, content=b"garbage").status_code == 400
    assert files() == []


def test_who_goes_away_while_sending_leaves_no_file(page: TestClient, files: Files) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    pieces = iter([head + b"y" * 1000, b"z" * 1000])
    headers = [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=x")]
    scope = {
        "type": "http", "method": "POST", "path": UPLOAD, "raw_path": UPLOAD.encode(), "query_string": b"",
        "headers": headers, "scheme": "http", "server": ("localhost", 7860), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    written: list[list[str]] = []

    async def receive() -> dict[str, object]:
        written.append(files())
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece, "more_body": True} if piece else {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    awaited(page.app(scope, receive, send))  # type: ignore[arg-type]
    assert len(written[-1]) == 1, "it was being written"
    assert files() == []


def test_a_question_has_a_limit_too(page: TestClient) -> None:
    answer = page.post("/gradio_api/run/say", json={"data": ["x" * 600_000]})
    assert answer.status_code == 413
    assert "What to do" in answer.text


@pytest.mark.parametrize("path", ["/", "/config", UPLOAD])
def test_a_foreign_host_or_page_gets_nothing(path: str, page: TestClient, files: Files) -> None:
    for headers in ({"host": "evil.test"}, {"origin": "http://localhost:8000"}, {"origin": "null"}):
        for ask in (page.get, page.post):
            answer = ask(path, headers=headers)
            assert answer.status_code == 403
            assert "What to do" in answer.text
    assert sent(page, ("a.jpg", 10), origin="http://localhost:8000")[0] == 403
    assert files() == []


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=http://x.test/", "/gradio_api/deep_link?session_hash=a", "/gradio_api/file=https://x.test"],
)
def test_what_no_page_needs_is_closed(path: str, page: TestClient) -> None:
    assert page.get(path).status_code == 404
    for post in ("/gradio_api/process_recording", "/gradio_api/component_server", "/gradio_api/vibe-edit", "/"):
        assert page.post(post).status_code == 404
    assert page.put("/").status_code == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [("call/say/none", "What to do"), ("call/none/none", "What to do"), ("queue/data?session_hash=none", "not_found")],
)
def test_an_unknown_question_is_answered_to_the_end(path: str, words: str, page: TestClient) -> None:
    answer = page.get(f"/gradio_api/{path}")  # the client raises what Gradio lets go on, as a stream that broke off
    assert words in answer.text and answer.text.endswith("\n\n")


def test_every_answer_has_the_headers(page: TestClient) -> None:
    for path, headers in (("/", {}), ("/", {"host": "evil.test"}), ("/none", {}), ("/config", {})):
        got = page.get(path, headers=headers).headers
        assert (got["x-frame-options"], got["x-content-type-options"]) == ("DENY", "nosniff")
        assert "frame-ancestors 'none'" in got["content-security-policy"]
    name = page.post(UPLOAD, files=[("files", ("a.html", b"<script>alert(1)</script>"))]).json()[0]
    got = page.get(f"/gradio_api/file={name}").headers
    assert got["content-security-policy"].startswith("default-src 'none'")
    assert "attachment" in got["content-disposition"]


def test_forty_wrong_passwords(files: Files) -> None:
    page = client(patience=Patience(pause=0, tries=3))
    bad = [page.post("/login", data={"username": "ann", "password": f"{n}"}) for n in range(40)]
    assert [answer.status_code for answer in bad] == [400] * 3 + [429] * 37
    assert "Too many wrong passwords came from this address." in bad[-1].text and "Wait 60 seconds" in bad[-1].text
    right = {"username": "ann", "password": "secret"}
    assert page.post("/login", data=right).status_code == 429, "not even the right one"
    # The login page of a browser loads the page again, which says it.
    assert page.post("/login", data=right, headers={"sec-fetch-mode": "cors"}).status_code == 200
    shown = page.get("/")
    assert shown.status_code == 429 and "Wait 60 seconds" in shown.text
    assert page.get("/config").status_code == 401


def test_the_right_password_lets_in(files: Files) -> None:
    page = client(patience=Patience(pause=0))
    assert page.post("/login", data={"username": "ann", "password": "x"}).status_code == 400
    assert page.get("/config").status_code == 401
    assert page.post("/login", data={"username": "ann", "password": "secret"}).json() == {"success": True}
    assert page.get("/config").status_code == 200
