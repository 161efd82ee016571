"""Messages become JSON and come back; what only a newer version understands is passed over."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from transfer.messages.message import Message


@dataclass(frozen=True, kw_only=True)
class Call(Message):
    tag = "call"


@dataclass(frozen=True, kw_only=True)
class Shout(Call):
    kind: ClassVar[str] = "shout"
    what: str
    times: int = 1
    to: tuple[str, ...] = ()


def test_a_message_comes_back_as_it_was() -> None:
    shout = Shout(what="grüezi", times=2, to=("a", "b"))
    told = json.loads(json.dumps(shout.to_dict()))
    assert told == {"call": "shout", "what": "grüezi", "times": 2, "to": ["a", "b"]}
    assert Call.from_dict(told) == shout


def test_a_field_may_be_missing_that_has_a_default_and_one_too_many_is_passed_over() -> None:
    assert Call.from_dict({"call": "shout", "what": "ho", "pitch": "high"}) == Shout(what="ho")


@pytest.mark.parametrize(
    "data",
    [
        {"call": "whisper", "what": "ho"},  # a newer version's
        {"call": "shout"},  # half of it is missing
        {"call": "shout", "what": "ho", "times": "often"},
        {"call": ["shout"], "what": "ho"},
        {"event": "shout", "what": "ho"},
        {},
        [1, 2],
        "shout",
        None,
    ],
)
def test_what_nobody_understands_is_none(data: Any) -> None:
    assert Call.from_dict(data) is None


def test_a_kind_means_one_message() -> None:
    assert Call.kinds() == {"shout": Shout}
    with pytest.raises(AssertionError, match="two messages of the kind shout"):

        class Cry(Call):
            kind: ClassVar[str] = "shout"


def test_families_do_not_know_each_other() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Letter(Message):
        tag = "call"

    assert Letter.from_dict(Shout(what="ho").to_dict()) is None
