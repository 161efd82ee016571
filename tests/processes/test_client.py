"""The client of the prediction server, with a real process at the other end of the pipe."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import until
from transfer.errors import ConfigError, RunError, StoppedError
from transfer.processes.client import Client

from .echo import Die, Refuse, Say


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    client = Client(tmp_path / "logs" / "server.log", (sys.executable, "-m", "tests.processes.echo"))
    yield client
    client.close()


def test_one_process_answers_all_questions(client: Client) -> None:
    client.prepare(Say(message="first"))
    first, second = client.ask(Say(message="grüezi")), client.ask(Say())
    assert first.message == "grüezi" and first.pid == second.pid


def test_errors_arrive_as_what_they_were(client: Client) -> None:
    with pytest.raises(ConfigError, match="No") as caught:
        client.ask(Refuse())
    assert caught.value.fix == "Ask again."


def test_a_dead_process_is_said_and_started_anew(client: Client) -> None:
    before = client.ask(Say()).pid
    with pytest.raises(RunError, match="ended unexpectedly") as caught:
        client.ask(Die())
    assert "noise on stderr" in caught.value.found
    assert client.ask(Say()).pid != before


def test_a_process_that_hangs_is_ended(client: Client) -> None:
    with pytest.raises(RunError, match="longer than"):
        client.ask(Say(seconds=60), timeout=0.5)
    assert client.ask(Say(message="again")).message == "again"


def test_closing_ends_the_process(client: Client) -> None:
    client.ask(Say())
    process = client._process
    assert process is not None
    client.close()
    assert process.poll() is not None


def test_what_is_asked_can_be_stopped_at_work_or_in_the_queue(client: Client) -> None:
    before = client.ask(Say()).pid
    at_work, waiting = Say(seconds=60), Say(message="later", seconds=60)
    with ThreadPoolExecutor() as others:
        first = others.submit(client.ask, at_work)
        until(lambda: client._turn.locked())
        second = others.submit(client.ask, waiting)
        until(lambda: len(client._asked) == 2)
        third = others.submit(client.ask, Say(message="stays"))
        assert client.stop(waiting) and not second.done()
        until(lambda: client._asked[0].at_work)
        assert client.stop(at_work)
        for stopped in (first, second):
            with pytest.raises(StoppedError):
                stopped.result(20)
        assert third.result(20).message == "stays" and third.result().pid != before
    assert not client.stop(at_work)
