"""On PYTHONPATH this takes the network away from Python, this computer's own addresses excepted.

Every attempt to reach something else fails as it does without a cable, and is written to the file named in $ATTEMPTS.
Workers and services inherit it with the environment.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

HERE = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::", b"localhost", b"127.0.0.1")


def _cut_off(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a file name for a socket of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host not in HERE:
        # Opened anew each time: the hook also runs in forked processes.
        with Path(os.environ["ATTEMPTS"]).open("a", encoding="utf-8") as attempts:
            attempts.write(f"{host}\n")
        raise OSError(errno.ENETUNREACH, "no network in this test")


sys.addaudithook(_cut_off)
