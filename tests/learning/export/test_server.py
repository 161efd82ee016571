"""The server: started as its README says, asked over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.waiting import until
from transfer.learning.analysis.prediction import KerasPredictor, load
from transfer.learning.export.exporter import export
from transfer.runs.run import Run


@pytest.fixture(scope="module")
def predictor(trained: Run) -> KerasPredictor:
    return load(trained)


@pytest.fixture(scope="module")
def server(trained: Run, predictor: KerasPredictor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    export(trained, "server", predictor, thorough=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as said:
        program = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "server:app", "--port", port],
            cwd=trained.exports_dir / "server",
            env={**os.environ, "PYTHONPATH": "", "MAX_MEGABYTES": "0.5", "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=said,
            stderr=said,
        )

    def answers() -> bool:
        assert program.poll() is None, log.read_text()
        try:
            return client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            until(answers, 90)
            yield client
        finally:
            program.terminate()
            program.wait(20)


def test_it_says_what_the_app_says(server: httpx.Client, trained: Run, predictor: KerasPredictor) -> None:
    assert server.get("/health").json()["classes"] == list(predictor.labels)
    photo = trained.dataset.path(trained.dataset.of("test")[0])
    (said,) = predictor.predict([str(photo)])
    for answer in (
        server.post("/predict", content=photo.read_bytes()),
        server.post("/predict", files={"photo": photo.read_bytes()}),
    ):
        found = answer.raise_for_status().json()
        assert found["label"] == next(iter(found["classes"])) == said.classes[0][0]
        assert found["classes"] == pytest.approx(dict(said.classes), abs=1e-3)
        assert found["milliseconds"] > 0


def test_what_is_wrong_is_said_in_words(server: httpx.Client, tmp_path: Path) -> None:
    def refused(**request: object) -> tuple[int, str]:
        answer = server.post("/predict", **request)  # type: ignore[arg-type]
        return answer.status_code, answer.json()["detail"]

    assert refused(content=b"no photo") == (422, "The photo cannot be read: it is not a photo of a known kind "
                                            "(JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC).")  # fmt: skip
    assert refused()[0] == 422 and "no photo in it" in refused()[1]
    assert "no photo in it" in refused(files={"picture": b"x"})[1]
    assert refused(content=bytes(600_000)) == (413, "The photo is too large: at most 0.5 MB are taken.")
    assert refused(files={"photo": bytes(600_000)})[0] == 413
