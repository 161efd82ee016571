"""What comes from outside is text that is text and numbers that are numbers, in any depth."""

from __future__ import annotations

from typing import Any

import pytest

from transfer.config import RunConfig
from transfer.door import given
from transfer.errors import ConfigError


@pytest.mark.parametrize("value", ["\0", "a\x1b[31m", "\ud800", "x" * 20_001, 10**400, -(2**63)])
def test_what_nothing_can_be_done_with(value: Any) -> None:
    for wrapped in (value, [value], {"a": [{"b": value}]}, (1, value)):
        with pytest.raises(ConfigError) as refused:
            given.check(wrapped)
        assert str(refused.value).isascii() or "…" in str(refused.value)
        assert len(str(refused.value)) < 400 and str(refused.value).encode()


def test_what_people_write() -> None:
    given.check(
        {
            "name": "Käfer 😀\n\tzwei",
            "n": 2**53,
            "f": float("nan"),
            "none": None,
            "yes": True,
            "more": [[], {}, object()],
        }
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 10**400), ("head_epochs", -(10**400)), ("head_learning_rate", 10**400), ("seed", "1" * 5000),
     ("name", "x" * 201), ("name", ["a"]), ("name", {"a": 1}), ("backbone", "x" * 5000), ("penalty", "nan")],
)  # fmt: skip
def test_settings_beyond_all_limits_are_answered_in_words(name: str, value: Any) -> None:
    with pytest.raises(ConfigError) as refused:
        RunConfig.from_dict({name: value})
    assert len(str(refused.value)) < 1000
