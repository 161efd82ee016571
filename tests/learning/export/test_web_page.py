"""The page that classifies in a browser: opened from its file and from a plain server, in a real Chromium."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from transfer.errors import ExportError
from transfer.learning.analysis.prediction import KerasPredictor, load
from transfer.learning.export import web_page
from transfer.learning.export.exporter import export
from transfer.runs.run import Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EXACTLY = """async (bytes) => {
  const file = new File([new Uint8Array(bytes)], "photo");
  return Array.from(await network.probabilities(await photoOfFile(file, MODEL.size)));
}"""


@pytest.fixture(scope="module")
def predictor(trained: Run) -> KerasPredictor:
    return load(trained)


@pytest.fixture(scope="module")
def folder(trained: Run, predictor: KerasPredictor) -> Path:
    export(trained, "web", predictor, thorough=False)
    return trained.exports_dir / "web"


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photos that are easily read otherwise: a large JPEG turned by its EXIF, one with a colour profile, glass."""
    place, rng = tmp_path_factory.mktemp("hard"), np.random.default_rng(1)
    y, x = np.mgrid[:413, :601]
    waves = np.stack([128 + 120 * np.sin(x / a + y / b) for a, b in ((30, 50), (70, -25), (-45, 20))], -1)
    photo = Image.fromarray(np.clip(waves + rng.normal(0, 8, waves.shape), 0, 255).astype(np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.save(place / "turned.jpg", quality=92, exif=turned)
    glass = photo.resize((70, 50)).convert("RGBA")
    glass.putalpha(Image.linear_gradient("L").resize((70, 50)))
    glass.save(place / "glass.png")
    photo.convert("L").resize((300, 40)).save(place / "grey.webp", lossless=True)
    return sorted(place.iterdir())


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(params=["opened from its file", "from a server"])
def opened(request: pytest.FixtureRequest, folder: Path, chromium: Browser) -> Iterator[Page]:
    """The page at the width of a phone, allowed to use a camera; it fetches nothing but its own files."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, permissions=["camera"])
    page = context.new_page()
    errors, asked = [], set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.add(request.url.partition(":")[0]))
    if request.param == "from a server":
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        server.shutdown()
        server.server_close()
    else:
        page.goto((folder / "index.html").as_uri())
        yield page
    context.close()
    assert not errors
    assert asked <= {"file" if request.param != "from a server" else "http", "blob", "data"}


def test_the_page_says_what_the_app_says(
    opened: Page, trained: Run, predictor: KerasPredictor, hard: list[Path]
) -> None:
    opened.locator("#check.good").wait_for(timeout=60_000)
    assert "this browser says what the app says" in opened.locator("#check").inner_text()
    assert float(opened.evaluate("document.body.dataset.worst")) < 1e-4

    some = [trained.dataset.path(photo) for photo in trained.dataset.of("test")[::3]]
    for path in [*some, *hard]:
        (answer,) = predictor.predict([str(path)])
        opened.locator("#file").set_input_files(path)
        label, share = answer.classes[0]
        said = opened.locator("#bars li").first
        said.get_by_text(label, exact=True).wait_for()
        shown = float(re.sub(r"[^0-9.]", "", said.locator("span").last.inner_text())) / 100
        assert shown == pytest.approx(share, abs=0.02), path.name
        found = opened.evaluate(EXACTLY, list(path.read_bytes()))
        difference = max(abs(dict(answer.classes)[name] - found[at]) for at, name in enumerate(predictor.labels))
        assert difference < (0.02 if path in hard else 1e-3), path.name

    opened.locator("#file").set_input_files({"name": "notes.txt", "mimeType": "image/png", "buffer": b"no photo"})
    opened.get_by_text("cannot read “notes.txt”").wait_for()
    assert not opened.locator("#bars li").count()


def test_the_camera_is_looked_through_until_it_is_stopped(opened: Page) -> None:
    opened.locator("#check.good").wait_for(timeout=60_000)
    opened.get_by_role("button", name="Use the camera").click()
    opened.locator("#bars li").nth(2).wait_for()
    assert opened.evaluate("stream.getVideoTracks()[0].readyState") == "live"
    opened.get_by_role("button", name="Stop the camera").click()
    assert opened.evaluate("stream === null && document.getElementById('video').srcObject === null")


def test_a_network_that_no_browser_holds_is_refused(
    trained: Run, predictor: KerasPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_page, "LIMIT", 1000)
    with pytest.raises(ExportError, match="too large for a web page"):
        export(trained, "web", predictor, thorough=False)


def test_the_runtime_is_the_one_that_its_notice_names() -> None:
    notice = (web_page.PAGE / "litert" / "NOTICE.txt").read_text(encoding="utf-8")
    text = (web_page.PAGE / "litert" / "litert_wasm.js").read_text(encoding="utf-8")
    program = gzip.decompress(base64.b64decode(text.split('"')[1]))
    glue = (web_page.PAGE / "litert" / "litert.js").read_bytes()
    assert re.findall(r"\b[0-9a-f]{64}\b", notice) == [hashlib.sha256(file).hexdigest() for file in (glue, program)]
