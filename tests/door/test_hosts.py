"""Which requests are let in: those for this page under a name of its own, from no page or from its own."""

from __future__ import annotations

import pytest

from transfer.door.hosts import Hosts, is_local
from transfer.errors import AccessError

OWN = "127.0.0.1"


def asked(hosts: Hosts, host: str | list[str], method: str = "POST", path: str = "/x", **headers: str) -> bool:
    given = {"host": [host] if isinstance(host, str) else host}
    given |= {name.replace("_", "-"): [value] for name, value in headers.items()}
    try:
        hosts.check(method, path, given, OWN)
    except AccessError as error:
        assert error.fix
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_addresses_that_only_this_machine_reaches(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.1.7", "localhost.example.org", "10.0.0.1", "2130706433"]
)
def test_addresses_that_others_reach(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("host", ["localhost:7860", "LocalHost", "127.0.0.1:1", "127.0.0.2:7860", "[::1]:7860"])
def test_names_of_this_machine(host: str) -> None:
    assert asked(Hosts("127.0.0.1"), host)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.test", "evil.test:7860", "localhost.evil.test", "127.0.0.1.evil.test", "192.168.1.7", "0.0.0.0:7860",
        "localhost:7860:1", "localhost@evil.test", "evil.test/localhost", " localhost", "localhost.", "[::1", "[evil]",
        ["localhost", "evil.test"], ["localhost", "localhost"], [],
    ],
)  # fmt: skip
def test_names_of_others(host: str | list[str]) -> None:
    assert not asked(Hosts("127.0.0.1"), host)


def test_a_page_for_the_network_goes_by_its_address_and_by_names_given() -> None:
    hosts = Hosts("0.0.0.0", ["Photos.example"])
    assert asked(hosts, "photos.example") and asked(hosts, f"{OWN}:7860")
    assert not asked(hosts, "other.example")


@pytest.mark.parametrize("origin", ["http://localhost:7860", "https://localhost:7860", "HTTP://LOCALHOST:7860"])
def test_its_own_page_may_ask(origin: str) -> None:
    assert asked(Hosts("127.0.0.1"), "localhost:7860", origin=origin, sec_fetch_site="same-origin")


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:8000", "http://localhost", "http://127.0.0.1:7860", "null", "", "http://evil.test:7860",
     "http://localhost:7860.evil.test", "file://", "http://localhost:7860@evil.test", "localhost:7860"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_may_not(origin: str, method: str) -> None:
    assert not asked(Hosts("127.0.0.1"), "localhost:7860", method, "/", origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_without_an_origin_the_browser_still_says_where_it_comes_from(site: str) -> None:
    hosts = Hosts("127.0.0.1")
    assert not asked(hosts, "localhost", "GET", "/logout", sec_fetch_site=site, sec_fetch_mode="navigate")
    assert not asked(hosts, "localhost", "GET", "/", sec_fetch_site=site, sec_fetch_mode="no-cors")
    assert asked(hosts, "localhost", "GET", "/", sec_fetch_site=site, sec_fetch_mode="navigate"), "a link to the page"
    assert asked(hosts, "localhost", "GET", "/x", sec_fetch_site="none")


def test_a_program_says_neither() -> None:
    assert asked(Hosts("127.0.0.1"), "localhost")


def test_behind_a_proxy_that_asks_under_another_name() -> None:
    assert asked(Hosts("127.0.0.1", ["photos.example"]), "127.0.0.1:7860", origin="https://photos.example")
