"""Setting: how one choice is presented, what it may be, how text becomes such a value; Settings: a record of them."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from transfer.errors import ConfigError


@dataclass(frozen=True)
class Setting:
    """How one field of `Settings` is presented and checked.

    Attributes:
        label: plain words, with the field's standard term in brackets where it differs.
        help: one sentence saying what it does and when to change it.
        choices: the allowed values with their labels; empty when any value of the type is.
        minimum, maximum: inclusive limits of a number.
        longest: characters of a text.
        empty: what a value that is left empty means.
    """

    label: str
    help: str
    choices: tuple[tuple[str, Any], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    longest: int = 4096
    empty: str = "–"

    @property
    def hint(self) -> str:
        """The help with the limits, for whoever is about to choose."""
        limits = self.limits
        return f"{self.help} {limits[:1].upper()}{limits[1:]}." if limits else self.help

    @property
    def limits(self) -> str:
        """What a number may be, in words; "" where that is anything."""
        low, high = (None if limit is None else plain(limit) for limit in (self.minimum, self.maximum))
        if low is not None and high is not None:
            return f"between {low} and {high}"
        return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""

    def said(self, value: Any) -> str:
        """A value as the form says it."""
        names = {choice: label for label, choice in self.choices}
        if isinstance(value, float):
            return plain(value)
        return str(names.get(value, self.empty if value in (None, "") else value))

    def check(self, value: Any) -> None:
        """Raises ConfigError, naming the setting, its limits and the value found, unless the value is allowed.

        Args:
            value: of the right type; None, where a setting may be empty, is always allowed.
        """
        allowed = [choice for _, choice in self.choices]
        if value is None:
            return
        if allowed and value not in allowed:
            raise ConfigError(
                f"“{self.label}” has a value that is not offered.",
                expected=f"one of {', '.join(map(str, allowed))}",
                found=repr(value),
                fix="Choose one of the offered values.",
            )
        if isinstance(value, str) and len(value) > self.longest:
            raise ConfigError(
                f"“{self.label}” is too long.",
                expected=f"at most {self.longest} characters",
                found=f"{len(value):,}",
                fix="Shorten it.",
            )
        low, high = self.minimum, self.maximum
        if isinstance(value, (int, float)) and (
            not _finite(value) or (low is not None and value < low) or (high is not None and value > high)
        ):
            raise ConfigError(
                f"“{self.label}” is out of range.",
                expected=f"a number {self.limits}",
                found="a number without end" if isinstance(value, int) and not _finite(value) else f"{value:g}",
                fix="Choose a value within the limits.",
            )

    def convert(self, value: Any, kind: type, optional: bool) -> Any:
        """A value of the plain type `kind` (`str`, `int` or `float`), or None where `optional` and nothing is meant.

        Raises:
            ConfigError: when the value means nothing of that type.
        """
        if optional and isinstance(value, str) and value.strip().lower() in {"", "none", "null", "all"}:
            return None
        try:
            if isinstance(value, bool):
                raise ValueError
            if kind is int and not isinstance(value, int):
                number = float(value)
                if number != int(number):
                    raise ValueError
                return int(number)
            if kind is str and isinstance(value, list | dict):
                raise ValueError
            return kind(value)
        except (TypeError, ValueError, OverflowError):
            expected = {int: "a whole number", float: "a number", str: "text"}
            raise ConfigError(
                f"“{self.label}” cannot be understood.",
                expected=expected[kind],
                found=str(value)[:200],
                fix="Type the value again.",
            ) from None


def setting(default: Any, label: str, help: str, **presentation: Any) -> Any:
    """A field of `Settings`: its default, and what a `Setting` says of it."""
    return dataclasses.field(default=default, metadata={"setting": Setting(label, help, **presentation)})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The base of a frozen dataclass whose fields are made by `setting`."""

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """The presentation of each field, in order."""
        return {field.name: field.metadata["setting"] for field in dataclasses.fields(cls)}

    @classmethod
    @functools.cache
    def kinds(cls) -> dict[str, tuple[type, bool]]:
        """For each field its plain type (`str`, `int` or `float`) and whether it may be empty (`None`)."""
        kinds: dict[str, tuple[type, bool]] = {}
        for name, hint in typing.get_type_hints(cls).items():
            parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
            kinds[name] = (next(part for part in parts if part is not type(None)), type(None) in parts)
        return kinds

    @classmethod
    def given(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those values that say something, to put over others: an empty one only where the field may be empty."""
        empty = {name for name, (_, possible) in cls.kinds().items() if possible}
        return {name: value for name, value in values.items() if name in empty or value not in (None, "")}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """A checked record of form values, flags or JSON; text is turned into numbers where one is meant, and an empty
        value, as a form has it, means the default.

        Raises:
            ConfigError: for an unknown field, a value of the wrong type, or one out of range.
        """
        kinds = cls.kinds()
        if unknown := sorted(set(values) - set(kinds)):
            raise ConfigError(
                f"There is no setting called {', '.join(unknown)}.",
                expected=f"some of {', '.join(kinds)}",
                fix="Correct the spelling, or leave the setting out to use its default.",
            )
        settings = cls.settings()
        said = {name: value for name, value in values.items() if value not in (None, "")}
        return cls(**{name: settings[name].convert(value, *kinds[name]) for name, value in said.items()}).validated()

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def to_markdown(cls) -> str:
        """A table of all settings, as in the README."""
        lines = ["| setting | default | may be | what it does |", "| --- | --- | --- | --- |"]
        for name, each in cls.settings().items():
            default = getattr(cls, name)
            shown = "" if default in ("", None) else f"`{default}`"
            choices = ", ".join(f"`{value}`" for _, value in each.choices)
            lines.append(f"| `{name}` | {shown} | {choices or each.limits} | {each.help} |")
        return "\n".join(lines)

    def validated(self) -> Self:
        """This record, when every value is within its limits.

        Raises:
            ConfigError: naming the setting, its limits and the value found.
        """
        for name, each in self.settings().items():
            each.check(getattr(self, name))
        return self


def plain(value: float) -> str:
    """A number as people write it: 0.00001, never 1e-05; 1,000,000."""
    return f"{Decimal(repr(value)).normalize():,f}"


def _finite(number: float) -> bool:
    """Whether arithmetic can be done with it: a whole number may be larger than any float."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
