"""Names and passwords, and what happens to who guesses them.

Passwords are kept as salted scrypt digests (RFC 7914). Guesses are looked at one after the other, each wrong one holds
the next up, and after a few wrong ones their address has to wait, every time longer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from transfer.errors import AccessError, ConfigError

_ADDRESSES = 10_000  # remembered at most, the latest


class Passwords:
    """Who may log in.

    Args:
        lines: `USER:PASSWORD` each; empty ones and those that begin with # say nothing.

    Raises:
        ConfigError: when there is none, or one lacks either half. Never repeats what was found.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._salt = secrets.token_bytes(16)
        self._digests: dict[str, bytes] = {}
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            user, _, password = line.rstrip("\r\n").partition(":")
            if not user.strip() or not password:
                break
            self._digests[user.strip()] = self._digest(password)
        else:
            if self._digests:
                return
        raise ConfigError(
            "The names and passwords for the page cannot be understood.",
            expected="USER:PASSWORD, in a file one on each line",
            found="one without both halves" if self._digests else "nothing with both halves",
            fix="Give a name and a password with a colon between them.",
        )

    def _digest(self, password: str) -> bytes:
        # 16 MB and some 50 ms for each guess.
        return hashlib.scrypt(password.encode(errors="surrogatepass"), salt=self._salt, n=2**14, r=8, p=1)

    async def right(self, user: str, password: str) -> bool:
        """Whether both are right; takes as long for a name that does not exist."""
        given = await asyncio.to_thread(self._digest, password)
        known = self._digests.get(user)
        return hmac.compare_digest(given, known or b"\0" * len(given)) and known is not None


@dataclass(frozen=True)
class Patience:
    """How guesses are slowed down.

    Attributes:
        pause: seconds that pass after a wrong password before the next one is looked at, from wherever it comes.
        tries: wrong passwords from one address before it has to wait.
        wait: seconds of the first wait; each further wrong password doubles it.
        longest: seconds of the longest wait.
        waiting: guesses that may stand in line.
    """

    pause: float = 1.0
    tries: int = 5
    wait: float = 60.0
    longest: float = 3600.0
    waiting: int = 20


class Guesses:
    """The wrong passwords of each address, and since when it may try again; forgotten with the right one."""

    def __init__(self, patience: Patience = Patience()) -> None:
        self._patience = patience
        self._wrong: dict[str, tuple[int, float]] = {}  # how many, and until when to wait
        self._turn = asyncio.Lock()
        self._standing = 0

    def seconds_left(self, address: str) -> int:
        """How long an address has to wait before it may try again; 0 when it need not."""
        until = self._wrong.get(_network(address), (0, 0.0))[1]
        return max(0, int(until - time.monotonic() + 1)) if until > time.monotonic() else 0

    @asynccontextmanager
    async def guess(self, address: str) -> AsyncIterator[Guess]:
        """One guess, when its turn has come; say of it whether it was wrong.

        Raises:
            AccessError: the address has to wait, or too many wait already.
        """
        if self._standing >= self._patience.waiting:
            raise AccessError(
                "Too many passwords are being tried at once.",
                expected=f"at most {self._patience.waiting}",
                found="more",
                fix="Wait a moment, then try again.",
                status=429,
            )
        self._standing += 1
        try:
            async with self._turn:
                if left := self.seconds_left(address):
                    raise too_many(left)
                guess = Guess()
                yield guess
                if guess.wrong:
                    self._remember(_network(address))
                    await asyncio.sleep(self._patience.pause)
                elif guess.wrong is not None:
                    self._wrong.pop(_network(address), None)
        finally:
            self._standing -= 1

    def _remember(self, address: str) -> None:
        count = self._wrong.pop(address, (0, 0.0))[0] + 1
        over = count - self._patience.tries
        wait = min(self._patience.wait * 2 ** min(over, 20), self._patience.longest) if over >= 0 else 0.0
        self._wrong[address] = (count, time.monotonic() + wait)
        while len(self._wrong) > _ADDRESSES:
            self._wrong.pop(next(iter(self._wrong)))


@dataclass
class Guess:
    """A password was tried; None as long as it is not known whether it was `wrong`."""

    wrong: bool | None = None


def _network(address: str) -> str:
    """The address, or of IPv6 the network that one person has to himself."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if number.version == 4 else str(ipaddress.ip_network((number, 64), strict=False))


def too_many(seconds: int) -> AccessError:
    """What an address is told that has to wait."""
    return AccessError(
        "Too many wrong passwords came from this address.",
        expected="the name and the password that Transfer was started with",
        found="several that were wrong",
        fix=f"Wait {seconds} seconds, then try again.",
        status=429,
    )
