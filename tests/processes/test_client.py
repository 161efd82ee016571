"""The client of the helper process, with a real process at the other end of the pipe."""

import sys
from pathlib import Path

import pytest

from transfer.errors import ConfigError, RunError
from transfer.processes.client import Service

ECHO = """
import json, os, sys, time
for line in sys.stdin:
    request = json.loads(line)
    print("noise on stderr", file=sys.stderr, flush=True)
    if request["do"] == "die": os._exit(3)
    if request["do"] == "sleep": time.sleep(60)
    answer = {"ok": {"pid": os.getpid(), **request}}
    if request["do"] == "fail":
        answer = {"error": {"kind": "ConfigError", "what": "No.", "expected": "", "found": "", "fix": "Ask again."}}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def service(tmp_path: Path):
    service = Service(tmp_path / "logs" / "service.log", (sys.executable, "-c", ECHO))
    yield service
    service.close()


def test_one_process_answers_all_questions(service: Service) -> None:
    service.warm()
    first, second = service.ask("say", words="grüezi"), service.ask("say")
    assert first["words"] == "grüezi" and first["pid"] == second["pid"]


def test_errors_arrive_as_what_they_were(service: Service) -> None:
    with pytest.raises(ConfigError, match="No") as caught:
        service.ask("fail")
    assert caught.value.fix == "Ask again."


def test_a_dead_process_is_said_and_started_anew(service: Service) -> None:
    before = service.ask("say")["pid"]
    with pytest.raises(RunError, match="ended unexpectedly") as caught:
        service.ask("die")
    assert "noise on stderr" in caught.value.found
    assert service.ask("say")["pid"] != before


def test_a_process_that_hangs_is_ended(service: Service) -> None:
    with pytest.raises(RunError, match="longer than"):
        service.ask("sleep", timeout=0.5)
    assert service.ask("say")["do"] == "say"


def test_closing_ends_the_process(service: Service) -> None:
    service.ask("say")
    process = service._process
    assert process is not None
    service.close()
    assert process.poll() is not None
