"""Passwords are kept as digests, and guessing takes longer and longer."""

from __future__ import annotations

import asyncio

import pytest

from tests.waiting import awaited
from transfer.door.login import Guesses, Passwords, Patience
from transfer.errors import AccessError


def test_only_the_right_pair_is_right_and_nothing_keeps_the_password() -> None:
    passwords = Passwords(["ann:secret"])
    pairs = [("ann", "secret"), ("ann", "Secret"), ("bob", "secret"), ("", ""), ("ann", "\udcff")]
    assert [awaited(passwords.right(*pair)) for pair in pairs] == [True, False, False, False, False]
    assert "secret" not in repr(vars(passwords))


def guess(guesses: Guesses, address: str, wrong: bool | None = True) -> asyncio.Task[str]:
    async def one() -> str:
        try:
            async with guesses.guess(address) as guess:
                guess.wrong = wrong
        except AccessError as error:
            assert error.status == 429
            return error.fix
        return "looked at"

    return asyncio.create_task(one())


def test_after_some_wrong_ones_an_address_waits_longer_and_longer() -> None:
    async def attack() -> None:
        guesses = Guesses(Patience(pause=0, tries=2, wait=0.2, longest=0.3, waiting=100))
        said = await asyncio.gather(*(guess(guesses, "192.0.2.1") for _ in range(40)))
        assert said.count("looked at") == 2
        assert said[-1] == "Wait 1 seconds, then try again."
        assert await guess(guesses, "192.0.2.2") == "looked at", "another address need not wait"
        assert guesses.seconds_left("192.0.2.1") and not guesses.seconds_left("192.0.2.2")
        await asyncio.sleep(0.25)
        assert await guess(guesses, "192.0.2.1") == "looked at"
        await asyncio.sleep(0.25)
        assert await guess(guesses, "192.0.2.1") != "looked at", "the second wait is longer"
        await asyncio.sleep(0.1)
        assert await guess(guesses, "192.0.2.1", wrong=False) == "looked at"
        assert await guess(guesses, "192.0.2.1") == "looked at", "the right one is forgiven"
        assert guesses.seconds_left("192.0.2.1") == 0

    awaited(attack())


def test_one_after_the_other_and_not_too_many_in_line() -> None:
    async def attack() -> None:
        guesses = Guesses(Patience(pause=0.05, waiting=3))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        said = await asyncio.gather(*(guess(guesses, f"192.0.2.{n}") for n in range(10)))
        assert said.count("looked at") == 3
        assert loop.time() - begun >= 0.14

    awaited(attack())


def test_addresses_of_one_person_are_one() -> None:
    async def attack() -> None:
        guesses = Guesses(Patience(pause=0, tries=1))
        assert await guess(guesses, "2001:db8::1") == "looked at"
        assert await guess(guesses, "2001:db8::2") != "looked at"
        assert await guess(guesses, "2001:db8:0:1::1") == "looked at"
        assert await guess(guesses, "", wrong=None) == "looked at", "a socket without an address"

    awaited(attack())


@pytest.mark.parametrize("lines", [[], ["# nobody"], ["ann:secret", "bob"], [" :secret"]])
def test_what_is_no_password(lines: list[str]) -> None:
    from transfer.errors import ConfigError

    with pytest.raises(ConfigError) as caught:
        Passwords(lines)
    assert "secret" not in str(caught.value)
