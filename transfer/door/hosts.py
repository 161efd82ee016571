"""Who may ask: the addresses this page goes by, and pages of its own.

Two tricks are answered here. *DNS rebinding*: the name of a foreign page is made to point to this machine, so that the
browser takes both for one; the Host header gives it away. *Cross-site requests*: a foreign page, on another port of
this machine too, sends a request with the browser's help; Origin (RFC 6454) and Sec-Fetch-Site (W3C Fetch Metadata)
give it away. Programs that are no browser send neither, and need none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence

from transfer.errors import AccessError

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(:\d{1,5})?")  # RFC 3986: a name or an address, perhaps a port
_ORIGIN = re.compile(r"https?://(.+)")


class Hosts:
    """The names a page is asked for by.

    Args:
        host: the address it listens on.
        also: further names, as of a proxy in front of it, or of this machine in its network.
    """

    def __init__(self, host: str, also: Iterable[str] = ()) -> None:
        self._also = frozenset(map(bare, also))
        self._names = self._also | {"localhost", bare(host)}

    def check(self, method: str, path: str, headers: Mapping[str, Sequence[str]], own_address: str) -> None:
        """Let a request in, or not.

        Args:
            headers: values by lower-case name.
            own_address: where the connection arrived: whoever asks for that by number was not misled by a name.

        Raises:
            AccessError: it names another host than this one, or comes from a page of somebody else.
        """
        host = _only(headers.get("host", ()))
        matched = _HOST.fullmatch(host.lower())
        if matched is None or not self._known(bare(matched[1]), own_address):
            raise AccessError(
                f"This page does not answer to the name “{host[:80]}”.",
                expected=f"one of {', '.join(sorted(self._names))}, as in the address bar",
                found=host[:80] or "no name",
                fix="Open it under one of these names, or start Transfer with --allow-host and the name to allow.",
            )
        if not self._own_page(method, path, headers, host.lower()):
            raise AccessError(
                "Another page tried to use Transfer through your browser.",
                expected=f"requests of pages from {host[:80]}",
                found=", ".join(headers.get("origin", ()))[:200] or "a page from another site",
                fix="Nothing was done. If you know that page, open Transfer in a tab of its own.",
            )

    def _known(self, name: str, own_address: str) -> bool:
        return name in self._names or is_local(name) or name == bare(own_address)

    def _own_page(self, method: str, path: str, headers: Mapping[str, Sequence[str]], host: str) -> bool:
        if "origin" in headers:
            origin = _ORIGIN.fullmatch(_only(headers["origin"]).lower())
            matched = _HOST.fullmatch(origin[1]) if origin else None
            # A proxy may ask for another host than the browser did; then the browser's is one of those allowed by name.
            return matched is not None and (matched[0] == host or bare(matched[1]) in self._also)
        if all(site in {"same-origin", "none"} for site in headers.get("sec-fetch-site", ())):
            return True
        return method == "GET" and path == "/" and _only(headers.get("sec-fetch-mode", ())) == "navigate"  # a link


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server listening on `host`."""
    try:
        return ipaddress.ip_address(bare(host)).is_loopback
    except ValueError:
        return bare(host) == "localhost"


def bare(host: str) -> str:
    """A name or an address without the brackets that an IPv6 address wears in a URL."""
    return host.lower().strip("[]")


def _only(values: Sequence[str]) -> str:
    """The value of a header that may be there once; two that differ in what they name are a trick."""
    return values[0] if len(values) == 1 else ""
