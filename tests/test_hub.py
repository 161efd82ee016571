"""A model is put on the Hub: against a server that speaks as much of its HTTP API as the Hub's own client needs."""

from __future__ import annotations

import base64
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest

from transfer.cli.main import main
from transfer.commands.desk import Desk
from transfer.errors import HubError
from transfer.runs.workspace import Workspace

RUN = Path(__file__).parent / "fixtures" / "runs_0_1" / "finished"
TOKEN = "hf_OnlyTheOwnerKnowsThis"


class StandIn(ThreadingHTTPServer):
    """Keeps what it is given.

    Attributes:
        repositories: by kind and name, what each was made with; `files` by kind, name and path.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.repositories: dict[tuple[str, str], dict[str, Any]] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.large: dict[str, bytes] = {}
        self.status = 0  # that it answers with, instead


class Answers(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = self._body()
        if self.server.status or self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._say({"error": "no"}, self.server.status or 401)
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name, kind = f"{asked.get('organization') or 'me'}/{asked['name']}", asked.get("type") or "model"
            self.server.repositories[kind, name] = asked
            return self._say({"url": f"{self.server.url}/{'' if kind == 'model' else 'spaces/'}{name}"})
        if self.path == "/api/validate-yaml":
            return self._say({"errors": [], "warnings": []})
        if self.path.endswith("/preupload/main"):
            return self._say({"files": [self._mode(file["path"]) for file in json.loads(body)["files"]]})
        if self.path.endswith("/info/lfs/objects/batch"):
            objects = [each | {"actions": {"upload": self._place(each["oid"])}} for each in json.loads(body)["objects"]]
            return self._say({"transfer": "basic", "objects": objects})
        kind, name = re.fullmatch(r"/api/(model|space)s/(.+)/commit/main", self.path).groups()  # type: ignore[union-attr]
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.server.files[kind, name, value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.server.files[kind, name, value["path"]] = self.server.large[value["oid"]]
        self._say({"commitUrl": f"{self.server.url}/{name}/commit/1", "commitOid": "1", "pullRequestUrl": None})

    def do_PUT(self) -> None:
        self.server.large[self.path.rpartition("/")[2]] = self._body()
        self._say({})

    def _mode(self, path: str) -> dict[str, Any]:
        large = path.endswith((".keras", "model.js"))
        return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": None}

    def _place(self, oid: str) -> dict[str, str]:
        return {"href": f"{self.server.url}/large/{oid}"}

    def _body(self) -> bytes:
        if length := self.headers["Content-Length"]:
            return self.rfile.read(int(length))
        body = b""  # in chunks
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _say(self, answer: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)  # another protocol, for large files
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    workspace = Workspace(tmp_path / "workspace")
    exports = workspace.runs_dir / "finished" / "exports"
    shutil.copytree(RUN, exports.parent)
    shutil.copytree(exports / "keras", exports / "web", ignore=shutil.ignore_patterns("model.keras"))
    (exports / "web" / "index.html").write_text("<!doctype html>")
    (exports / "web" / "model.js").write_text("const MODEL = {};")
    shutil.copyfile(next(exports.glob("*-keras.zip")), exports / "page-web.zip")
    desk = Desk.open(workspace, None, tmp_path / "logs")
    yield desk
    desk.close()


def test_model_card_labels_and_demo_arrive(hub: StandIn, desk: Desk) -> None:
    pushed = desk.hub.push("finished", "me/red-or-blue", f" {TOKEN}\n", demo=True)
    assert (pushed.model, pushed.demo) == (f"{hub.url}/me/red-or-blue", f"{hub.url}/spaces/me/red-or-blue")
    assert all(made["visibility"] == "private" for made in hub.repositories.values())
    assert hub.repositories["space", "me/red-or-blue"]["sdk"] == "static"

    model = {path: data for (kind, _, path), data in hub.files.items() if kind == "model"}
    folder = desk.workspace.runs_dir / "finished" / "exports" / "keras"
    assert model["model.keras"] == (folder / "model.keras").read_bytes()
    assert model["labels.txt"].decode().split() == ["blue", "red"]
    assert {"predict.py", "photo.py", "requirements.txt"} <= model.keys()
    assert "parity.json" not in model  # it names a photo
    _, about, card = model["README.md"].decode().split("---\n", 2)
    assert "pipeline_tag: image-classification" in about and "library_name: keras" in about and "value: " in about
    assert card.strip() == (folder / "README.md").read_text(encoding="utf-8").strip()

    demo = {path: data for (kind, _, path), data in hub.files.items() if kind == "space"}
    assert b"app_file: index.html" in demo["README.md"] and b"me/red-or-blue" in demo["README.md"]
    assert {"index.html", "model.js"} <= demo.keys()


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not know this token"), (403, "may not write to me/it"), (500, "did not take the model")],
)
def test_what_the_hub_refuses_is_said_in_words_and_the_token_is_nowhere(
    hub: StandIn,
    desk: Desk,
    status: int,
    words: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hub.status = status
    with pytest.raises(HubError, match=words) as trouble:
        desk.hub.push("finished", "me/it", TOKEN)
    assert trouble.value.__cause__ is trouble.value.__context__ is None
    said = [str(trouble.value), json.dumps(trouble.value.to_dict()), caplog.text, *capfd.readouterr()]
    written = [file.read_bytes() for file in desk.workspace.path.rglob("*") if file.is_file()]
    assert not any(TOKEN in text for text in said)
    assert not any(TOKEN.encode() in data for data in written)


def test_what_can_be_known_before_is_said_before(desk: Desk, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HubError, match="no name of a repository"):
        desk.hub.push("finished", "just a name", TOKEN)
    with pytest.raises(HubError, match="There is no token"):
        desk.hub.push("finished", "me/it")
    assert not hub.repositories
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="cannot be reached"):
        desk.hub.push("finished", "me/it", TOKEN)


def test_the_command_takes_the_token_from_the_environment(
    desk: Desk, hub: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["push", "finished", "--to", "me/it", "--public", "--workspace", str(desk.workspace.path)]) == 0
    assert capsys.readouterr().out.strip() == f"{hub.url}/me/it"
    assert hub.repositories["model", "me/it"]["visibility"] == "public"
