"""The page from another program: the whole job through gradio_client."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from . import hostile_requests
from .conftest import App, until
from .odd_photos import draw_odd
from .photos import SHAPES, draw


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Client]]:
    app = App(tmp_path_factory.mktemp("app"))
    app.start()
    yield app, Client(app.url, verbose=False)
    app.close()


def test_the_whole_job(client: tuple[App, Client]) -> None:
    app, ask = client
    folder = draw(app.folder / "shapes")
    found = ask.predict(str(folder), api_name="/check")
    assert set(found["counts"]) == set(SHAPES) and found["left_out"] == {}

    network = {"backbone": "MobileNetV2", "alpha": 0.35, "weights": "random", "image_size": 48}
    settings = {"photos": str(folder), "head_epochs": 2, **network}
    run = ask.predict(settings, api_name="/train")
    until(lambda: ask.predict(run, api_name="/status")["state"] == "finished", 180)
    status = ask.predict(run, api_name="/status")
    assert len(status["history"]) == 2 and 0 <= status["metrics"]["accuracy"] <= 1
    assert ask.predict(api_name="/runs") == [run]

    photo = next((folder / "cross").iterdir())
    shares = ask.predict(run, handle_file(photo), api_name="/predict")
    assert set(shares) == set(SHAPES) and sum(shares.values()) == pytest.approx(1, abs=1e-3)

    for label in ("cross", ""):
        maps, picture = ask.predict(run, handle_file(photo), label, api_name="/explain")
        assert set(maps) <= {label or max(shares, key=shares.get)} and len(maps) == 1
        assert Path(picture).suffix == ".png"

    for odd, plain in draw_odd(app.folder / "odd", 48).items():
        shares, same = (ask.predict(run, handle_file(file), api_name="/predict") for file in (odd, plain))
        assert shares == pytest.approx(same, abs=1e-4), f"{odd} is seen otherwise than in training"

    archive = ask.predict(run, "keras", api_name="/export")
    with zipfile.ZipFile(archive) as zipped:
        assert any(Path(name).name == "model.keras" for name in zipped.namelist())


@pytest.mark.parametrize(
    ("endpoint", "arguments", "says"),
    [
        ("/check", ["/etc"], "outside the folders"),
        ("/train", [{"photos": "/etc"}], "outside the folders"),
        ("/train", [{"photos": ".", "seed": -1}], "out of range"),
        ("/predict", ["no-such-run", None], "no run called"),
        ("/explain", ["no-such-run", None, ""], "no run called"),
        ("/export", ["no-such-run", "keras"], "no run called"),
        ("/status", ["no-such-run"], "no run called"),
    ],
)
def test_mistakes_are_told_in_words(
    client: tuple[App, Client], endpoint: str, arguments: list[object], says: str
) -> None:
    with pytest.raises(AppError, match=says):
        client[1].predict(*arguments, api_name=endpoint)


@pytest.mark.parametrize("header", [{"Origin": "http://localhost:1"}, {"Host": "evil.test:7860"}])
def test_a_page_of_somebody_else_starts_nothing_and_uploads_nothing(
    client: tuple[App, Client], header: dict[str, str]
) -> None:
    app, ask = client
    before = ask.predict(api_name="/runs")
    photos = str(draw(app.folder / "shapes"))
    settings = {"photos": photos, "backbone": "MobileNetV2", "alpha": 0.35, "weights": "random"}
    for path in ("call/train", "run/train", "queue/join"):
        body = {"data": [settings], "session_hash": "x", "fn_index": 0}
        assert httpx.post(f"{app.url}/gradio_api/{path}", json=body, headers=header).status_code == 403
    upload = httpx.post(f"{app.url}/gradio_api/upload", files={"files": ("evil.zip", b"evil")}, headers=header)
    assert upload.status_code == 403
    assert not list(app.uploads.rglob("evil*"))
    assert ask.predict(api_name="/runs") == before


def test_files_outside_are_not_served(client: tuple[App, Client]) -> None:
    import urllib.error
    import urllib.request

    app, _ = client
    for path in ("/etc/passwd", str(app.workspace.path / "supervisor.lock")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{app.url}/gradio_api/file={path}")
        assert refused.value.code in {403, 404}


def spread(everything: list[Any], few: int) -> list[Any]:
    """All of them with HOSTILE=all in the environment (three minutes), else so many from all over."""
    return everything if os.environ.get("HOSTILE") == "all" else everything[:: max(1, len(everything) // few)]


def test_hostile_calls_are_answered_in_words(client: tuple[App, Client]) -> None:
    app, ask = client
    photos = str(draw(app.folder / "shapes"))
    before = app.workspace.jobs()
    asked, raw = spread(list(hostile_requests.calls()), 30), []
    if os.environ.get("HOSTILE") == "all":
        assert len(asked) >= 250
    with httpx.Client(base_url=app.url, timeout=60) as http:
        for endpoint, data in asked:
            text = json.dumps({"data": data}).replace("{photos}", photos)
            joined = http.post(
                f"/gradio_api/call/{endpoint}", content=text, headers={"content-type": "application/json"}
            )
            if joined.status_code != 200:
                raw += [(endpoint, text[:150], joined.status_code, joined.text[:300])] * (joined.status_code >= 500)
                continue
            said = http.get(f"/gradio_api/call/{endpoint}/{joined.json()['event_id']}").text
            if "event: error" in said and "What to do" not in said:
                raw.append((endpoint, text[:150], 200, said[-300:]))
    assert not raw, "\n".join(map(str, raw))
    new = [job for job in app.workspace.jobs() if job not in before]
    for job in new:  # a harmless one may be among them
        job.request_stop()
    assert all(len(job.config_file.read_bytes()) < 10_000 for job in new)
    assert "Traceback" not in (app.folder / "app.log").read_text()
    assert set(ask.predict(photos, api_name="/check")["counts"]) == set(SHAPES), "it goes on working"


def test_hostile_requests_below_the_api_are_refused(client: tuple[App, Client]) -> None:
    app, _ = client
    with httpx.Client(base_url=app.url, timeout=60) as http:
        for method, path, given in spread(list(hostile_requests.raw()), 15):
            answer = http.request(method, path, **given)
            known = answer.status_code == 200 and (path.startswith("/gradio_api/call/") or "event_id" in answer.text)
            assert 400 <= answer.status_code < 500 or known, (method, path[:80], answer.status_code, answer.text[:200])
            assert "root:" not in answer.text
    assert app.process is not None and app.process.poll() is None
