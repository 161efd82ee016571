"""What comes from outside, whatever it is for: text that is text, numbers that are numbers, and not without end.

What a setting or a name may be beyond that is said where it is defined.
"""

from __future__ import annotations

import re
from typing import Any

from transfer.errors import ConfigError

LONGEST = 20_000  # characters of one text; no path and no form has as many
_NO_TEXT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")  # control characters, halves of UTF-16 pairs
_MOST = 2**63


def check(value: Any) -> None:
    """Look at every text and number in some JSON.

    Raises:
        ConfigError: for one that nothing can be done with.
    """
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            stack += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple):
            stack += each
        elif isinstance(each, str) and len(each) > LONGEST:
            raise _refused(f"at most {LONGEST:,} characters", f"{len(each):,}, beginning with {shown(each)}")
        elif isinstance(each, str) and _NO_TEXT.search(each):
            raise _refused("text without control characters or halves of characters", shown(each))
        elif isinstance(each, int) and abs(each) >= _MOST:
            raise _refused("a whole number of at most 18 digits", "a longer one")


def shown(value: Any, most: int = 80) -> str:
    """A value in words that can be printed, whatever it is; not all of a long one."""
    text = ascii(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _refused(expected: str, found: str) -> ConfigError:
    return ConfigError(
        "What was entered cannot be understood.", expected=expected, found=found, fix="Correct it, then try again."
    )
