"""How much may be sent: zips, models and photos each have a limit, counted while they arrive, and so has the rest.

Gradio writes an upload to its temporary folder as it arrives and takes it away again when its parser fails. So an
upload is refused by failing there: `Metered` looks at the same bytes first, and is what Gradio reads from.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.formparsers import MultiPartException

from transfer.errors import AccessError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


@dataclass(frozen=True)
class Limits:
    """What may be sent, in bytes.

    Attributes:
        kinds: of one file, by the end of its name.
        others: of one file of any other name, such as a photo.
        together: of all files that are sent at once.
        question: of a request without files.
        spare: what an upload leaves free on the disk.
        name: of a file, its longest name.
    """

    kinds: tuple[tuple[str, int], ...] = ((".zip", 4_000_000_000), (".keras", 2_000_000_000))
    others: int = 200_000_000
    together: int = 4_100_000_000
    question: int = 8_000_000
    spare: int = 1_000_000_000
    name: int = 255

    @property
    def largest(self) -> int:
        """Of one file, whatever it is."""
        return max(self.others, *(limit for _, limit in self.kinds))

    def of(self, name: str) -> int:
        """Of a file of this name."""
        return next((limit for end, limit in self.kinds if name.lower().endswith(end)), self.others)

    def shown(self, name: str = "") -> str:
        """Of a file of this name, as in "4 GB"."""
        return _size(self.of(name))

    def __str__(self) -> str:
        kinds = ", ".join(f"{_size(limit)} for a {end} file" for end, limit in self.kinds)
        return f"at most {kinds}, {_size(self.others)} for a photo"


LIMITS = Limits()


class Metered:
    """The body of one request, counted as it is read.

    Attributes:
        refusal: why reading was broken off; None as long as it was not.
    """

    def __init__(self, receive: Receive, content_type: str, length: str, upload: bool, limits: Limits) -> None:
        """The body that `receive` gives.

        Raises:
            AccessError: when it is already known to be too large.
        """
        self._receive, self._limits = receive, limits
        self._parts = _Parts.of(content_type, limits) if upload else None
        self._most = limits.together if upload else limits.question
        self._seen = 0
        self.refusal: AccessError | None = None
        announced = int(length[:18]) if length.isascii() and length.isdigit() else 0
        self._count(announced)
        self._seen = 0
        if self._parts and announced > (free := _free()) - limits.spare:
            raise _no_room(announced, free)

    async def __call__(self) -> Message:
        """The next piece.

        Raises:
            MultiPartException: it is too much, or an upload was broken off; whatever was written goes away.
        """
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._parts and not self._parts.complete:
            raise MultiPartException("The upload was broken off.")
        piece = message.get("body", b"")
        try:
            self._count(len(piece))
            if self._parts:
                self._parts.write(piece)
                if piece and (free := _free()) < self._limits.spare:
                    raise _no_room(self._seen, free)
                if not (message.get("more_body", False) or self._parts.complete):
                    raise _not_understood("an end before the last file was whole")
        except AccessError as error:
            self.refusal = error
            raise MultiPartException(str(error)) from error
        return message

    def _count(self, more: int) -> None:
        self._seen += more
        if self._seen > self._most:
            raise _too_large("What was sent", self._seen, self._most, str(self._limits))


@dataclass
class _Parts:
    """The files in a body of the kind multipart/form-data (RFC 7578): the name of each, and how large it is by now."""

    limits: Limits
    complete: bool = False
    _name: str | None = None
    _bytes: int = 0
    _field: bytes = b""
    _value: bytes = b""
    _parser: Any = field(default=None)

    @classmethod
    def of(cls, content_type: str, limits: Limits) -> _Parts | None:
        """None for a body of another kind, which Gradio refuses by itself."""
        _, options = parse_options_header(content_type)
        if b"boundary" not in options:
            return None
        parts = cls(limits)
        parts._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": parts._begin,
                "on_header_field": parts._on_field,
                "on_header_value": parts._on_value,
                "on_header_end": parts._header_end,
                "on_part_data": parts._data,
                "on_end": parts._end,
            },
        )
        return parts

    def write(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except MultipartParseError as error:
            raise _not_understood(str(error)[:200]) from error

    def _end(self) -> None:
        self.complete = True

    def _begin(self) -> None:
        self._name, self._bytes = None, 0

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            name = parse_options_header(self._value)[1].get(b"filename")
            if name is not None:
                self._name = self._checked(name.decode("utf-8", errors="replace"))
        self._field = self._value = b""

    def _checked(self, name: str) -> str:
        base = PurePosixPath(name.replace("\\", "/")).name.strip(" .")
        if not any(map(str.isalnum, base)) or not name.isprintable() or len(name.encode()) > self.limits.name:
            raise AccessError(
                "An uploaded file has no usable name.",
                expected=f"a name of 1 to {self.limits.name} bytes, with a letter or digit and no control characters",
                found=repr(name[:80]),
                fix="Rename the file, then upload it again.",
                status=400,
            )
        return base

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._bytes += end - start
        if self._name is None:
            limit, what = self.limits.question, "What was sent with the files"
        else:
            limit, what = self.limits.of(self._name), f"“{self._name[:80]}”"
        if self._bytes > limit:
            raise _too_large(what, self._bytes, limit, str(self.limits))


def _free() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free


def _too_large(what: str, seen: int, limit: int, limits: str) -> AccessError:
    return AccessError(
        f"{what} is larger than may be sent.",
        expected=limits,
        found=f"more than {_size(limit)}" if seen < 2 * limit else _size(seen),
        fix="Send less at once, or put the files on this computer and choose the folder or the path.",
        status=413,
    )


def _not_understood(found: str) -> AccessError:
    return AccessError(
        "The upload cannot be understood.",
        expected="files in the form that browsers send (multipart/form-data)",
        found=found,
        fix="Try again; if it was a program that sent it, correct the program.",
        status=400,
    )


def _no_room(size: int, free: int) -> AccessError:
    return AccessError(
        "There is no room for this upload.",
        expected=f"{_size(size)} and some more free on the disk of {tempfile.gettempdir()}",
        found=f"{_size(free)} free",
        fix="Make room on the disk, then upload it again.",
        status=507,
    )


def _size(count: int) -> str:
    for unit, size in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
