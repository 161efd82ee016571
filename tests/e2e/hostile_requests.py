"""What programs send that mean no good, or do not know what they are doing: to the API, and to the server below it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

XSS = "<img src=x onerror=alert(1)>\"'&"
TEXTS: tuple[Any, ...] = (
    None, "", " ", "\0", "a\0b", "\ud800", "\udfff.jpg", "\x1b[31m", "x" * 5000, "x" * 2_000_000,
    "~nosuchuser", "~nosuchuser/x",
    "../../etc", "/etc/passwd", "/proc/self/environ", "//server/share", "C:\\Windows",
    "file:///etc/passwd", "http://127.0.0.1:1/",
    "$(touch x)", "`id`", "; rm -rf /", "{{7*7}}", "%s%n", XSS, "' OR 1=1 --", "\u202egpj.exe",
    "😀" * 100, "ﬀ", ".", "..", "/", "con",
    0, -1, 10**400, 1e308, True, [], ["a"], {}, {"path": "/etc/passwd"}, {"a": {"b": [None]}}, [[[[[]]]]],
)  # fmt: skip
SETTINGS: tuple[Any, ...] = (
    None, [], "photos", 5, True, {}, {"photos": None}, {"photos": "/etc"}, {"nonsense": 1}, {XSS: XSS},
    {"photos": ["a"]},
    *({"photos": "{photos}", name: value} for name, value in itertools.chain(
        itertools.product(
            ("seed", "head_epochs", "head_learning_rate", "image_size", "alpha", "penalty"),
            (10**400, -(10**400), "1" * 400, "1e999", "NaN", [], {}, "one", True, -1, "0x10", "\0", "١٢x"),
        ),
        itertools.product(
            ("name", "backbone", "weights", "optimizer", "pooling"),
            ("\0", "\ud800", "x" * 2_000_000, "x" * 5000, [], {"a": 1}, "~nosuchuser/x.keras",
            "/etc/passwd", "../x.keras"),
        ),
    )),
)  # fmt: skip


def calls() -> Iterator[tuple[str, list[Any]]]:
    """Endpoint and what it is given. `{photos}` stands for a folder that can be trained from."""
    for text in TEXTS:
        for endpoint in ("check", "status", "stop", "pause", "study", "stop_study"):
            yield endpoint, [text]
        yield "resume", [text, None]
        yield "change", [text, {"head_epochs": text}]
        yield "resume", [text]  # too few
        yield "export", ["no-run", text]
        yield "export", [text, "keras"]
        yield "predict", [text, None]
        yield "advise", [{"photos": "{photos}"}, text or "x", 1.0]
    for settings in SETTINGS:
        yield "train", [settings]
        yield "advise", [settings, "depth", 1.0]
    for minutes in (None, "x", 10**400, -1, [], "\0"):
        yield "advise", [{"photos": "{photos}"}, "networks", minutes]
    for path in ("/etc/passwd", "http://127.0.0.1:1/x.jpg", "\0", "", "x" * 5000):
        yield "predict", ["no-run", {"path": path, "meta": {"_type": "gradio.FileData"}}]


def raw() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and what `httpx.request` is given."""
    call, json = "/gradio_api/call/check", {"content-type": "application/json"}
    for body in (
        b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"data": 5}', b'{"data": {}}', b'{"data": [1, 2, 3, 4]}',
        b'{"data": ' + b"[" * 100_000, b'{"data": [' + b"9" * 5000 + b"]}", b'{"data": [NaN]}',
        b'{"data": ["\\ud800"]}',
    ):  # fmt: skip
        yield "POST", call, {"content": body, "headers": json}
    for path in ("call/none", "call/" + "x" * 3000, "run/train", "call/%00", "queue/join", "upload", "reset", "cancel"):
        yield "POST", f"/gradio_api/{path}", {"content": b"{}", "headers": json}
    for path in (
        "file=/etc/passwd", "file=../../etc/passwd", "file=%2e%2e%2fetc/passwd", "file=%00", "file=",
        "file=" + "x" * 3000,
        "file=http://127.0.0.1:1/", "proxy=http://127.0.0.1:1/", "deep_link?session_hash=x",
        "stream/x/1/2/playlist.m3u8",
        "call/check/none", "call/none/none", "queue/data?session_hash=none",
        "custom_component/x/y/z/..%2f..%2fetc%2fpasswd"
    ):  # fmt: skip
        yield "GET", f"/gradio_api/{path}", {}
    for path in ("/static/../../etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/svelte/x", "/monitoring", "/%00"):
        yield "GET", path, {}
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
        yield method, "/", {}
    for headers in ({"Host": "evil.test"}, {"Origin": "null"}, {"Origin": "http://evil.test"}, {"Host": ""}):
        yield "POST", call, {"json": {"data": ["/"]}, "headers": headers}
    yield "POST", call, {"content": b"x" * 9_000_000, "headers": json}
