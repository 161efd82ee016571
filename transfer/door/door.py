"""The door: an ASGI application around Gradio's that lets requests in, or says why not.

In order: does it ask for this page under a name of its own, from a page of its own; is it one of the things a page
needs; is it small enough; and a password, is it a guess too many. What goes out says that no other page may frame it,
guess its type, or have it send anything elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from transfer.door.hosts import Hosts
from transfer.door.login import Guesses, too_many
from transfer.door.uploads import Limits, Message, Metered, Receive
from transfer.errors import AccessError

Send = Callable[[Message], Awaitable[None]]
Scope = dict[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_UPLOAD = "/gradio_api/upload"
_POSTS = ("/login", "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset", _UPLOAD)
_CALLS = ("/gradio_api/run/", "/gradio_api/api/", "/gradio_api/call/")
# What Gradio also offers and no page of ours needs: it fetches from elsewhere, writes files, or tells of others' work.
_CLOSED = ("/gradio_api/proxy=", "/gradio_api/file=http", "/gradio_api/deep_link", "/gradio_api/stream", "/monitoring")

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Gradio's page brings scripts in its HTML and makes functions from text; what none of it may do is reach elsewhere.
    "content-security-policy": "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
}
# What Gradio says of a question that it does not know, in a stream that it then breaks off.
_UNKNOWN = b'event: error\ndata: "404: Not Found"\n\n'
_FILES = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Door:
    """Around an ASGI application.

    Args:
        app: Gradio's.
        hosts: whom to let in.
        limits: of what may be sent.
        guesses: of passwords; None where none is asked for.
    """

    def __init__(self, app: App, hosts: Hosts, limits: Limits, guesses: Guesses | None = None) -> None:
        self._app, self._hosts, self._limits, self._guesses = app, hosts, limits, guesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":  # Gradio has no use for WebSockets
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = _Answer(scope["path"], send)
            try:
                await self._let_in(scope, receive, answer)
            except AccessError as error:
                await answer.refuse(error)

    async def _let_in(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        method, path = scope["method"], scope["path"].rstrip("/")
        self._hosts.check(method, scope["path"], headers, (scope.get("server") or ("",))[0])
        if not _offered(method, scope["path"]):
            raise AccessError(
                "There is nothing here.",
                expected="what the page and its API ask for",
                found=f"{method} {scope['path'][:200]}",
                fix="Open the page itself.",
                status=404,
            )
        length, kind = (headers.get(name, [""])[0] for name in ("content-length", "content-type"))
        body = Metered(receive, kind, length, path == _UPLOAD, self._limits)
        address = (scope.get("client") or ("",))[0]
        if self._guesses is not None and method == "POST" and path == "/login":
            answer.looks_again = "sec-fetch-mode" in headers
            async with self._guesses.guess(address) as guess:
                await self._ask(scope, body, answer)
                guess.wrong = {200: False, 400: True}.get(answer.status)
            return
        logged_in = any("access-token" in cookies for cookies in headers.get("cookie", ()))
        if self._guesses is not None and not path and not logged_in and (left := self._guesses.seconds_left(address)):
            await answer.wait(left)
        else:
            await self._ask(scope, body, answer)

    async def _ask(self, scope: Scope, body: Metered, answer: _Answer) -> None:
        """Hand it to Gradio, whose own words count for nothing when the body was broken off."""

        async def send(message: Message) -> None:
            if body.refusal is None or answer.status:
                await answer(message)

        try:
            await self._app(scope, body, send)
        except MultiPartException:
            if body.refusal is None:  # who sent it has gone
                return
        except RuntimeError as error:
            if not answer.status or not isinstance(error.__cause__, HTTPException):
                raise
            await answer.end()
        if body.refusal is not None and not answer.status:
            raise body.refusal


def _offered(method: str, path: str) -> bool:
    if method == "POST":
        return path.rstrip("/") in _POSTS or path.startswith(_CALLS)
    return method in {"GET", "HEAD", "OPTIONS"} and not path.startswith(_CLOSED)


class _Answer:
    """What goes out, with its headers.

    Attributes:
        status: of the HTTP answer; 0 before it has begun.
        looks_again: whether Gradio's login page waits for it, which knows two: 400, a wrong password, and 200, after
            which it loads the page again and may find words there.
    """

    def __init__(self, path: str, send: Send) -> None:
        self._path, self._send = path, send
        self.status = 0
        self.looks_again = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = {**_HEADERS, **({"content-security-policy": _FILES} if "/file=" in self._path else {})}
            given = [pair for pair in message.get("headers", []) if pair[0].decode("latin-1").lower() not in headers]
            message = {
                **message,
                "headers": [*given, *((name.encode(), text.encode()) for name, text in headers.items())],
            }
        elif message.get("body") == _UNKNOWN:
            message = {**message, "body": f"event: error\ndata: {json.dumps(str(_unknown()))}\n\n".encode()}
        await self._send(message)

    async def end(self) -> None:
        """End a stream that was broken off: what there was to say has been said in it."""
        await self._send({"type": "http.response.body", "body": b""})

    async def refuse(self, error: AccessError) -> None:
        """Say why not, in words."""
        await self._whole(200 if self.looks_again else error.status, "text/plain", str(error))

    async def wait(self, seconds: int) -> None:
        """The page that is shown instead of the login while an address has to wait."""
        words = Markup("<br>").join(str(too_many(seconds)).splitlines())
        page = f"<!doctype html><meta http-equiv=refresh content={seconds}><title>Transfer</title>"
        style = "font: 1.1rem/1.6 system-ui; max-width: 40rem; margin: 15vh auto; padding: 0 1rem"
        await self._whole(429, "text/html", f'{page}<body style="{style}"><h1>Transfer</h1><p>{words}</p>')

    async def _whole(self, status: int, kind: str, text: str) -> None:
        body = text.encode(errors="replace")
        head = {"content-type": f"{kind}; charset=utf-8", "content-length": str(len(body)), "cache-control": "no-store"}
        pairs = [(name.encode(), value.encode()) for name, value in head.items()]
        await self({"type": "http.response.start", "status": status, "headers": pairs})
        await self._send({"type": "http.response.body", "body": body})


def _unknown() -> AccessError:
    return AccessError(
        "There is no answer waiting under this address.",
        expected="the event_id that the question was given, read once and while Transfer goes on running",
        found="another one, one that was answered already, or one from before a restart",
        fix="Ask again: send the question once more, then read its answer under the new event_id.",
    )
