"""Changes: which settings of a run can be others while it trains, or when it goes on, and which were, from which epoch
on.

What is in force in an epoch follows from what was chosen at first and the `Changed` events alone, so a run that goes on
after an interruption repeats each change where it was made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from transfer.config import RunConfig
from transfer.errors import ConfigError
from transfer.messages.events import Changed
from transfer.messages.requests import Change

OF_THE_HEAD = ("head_learning_rate", "head_epochs")
LIVE = (*OF_THE_HEAD, "fine_tune_learning_rate", "fine_tune_epochs", "frozen_layers", "early_stopping_patience")
"""What can be changed of a run while it trains, from its next epoch on."""
ON_RESUME = ("batch_size", "image_size")
"""What can be changed of a run that goes on: what takes the memory, and no weight depends on."""

_BRIEFLY = {
    "head_learning_rate": "rate",
    "fine_tune_learning_rate": "rate (fine-tuning)",
    "head_epochs": "rounds",
    "fine_tune_epochs": "rounds (fine-tuning)",
    "frozen_layers": "frozen",
    "early_stopping_patience": "patience",
}


def in_force(config: RunConfig, changes: Iterable[Changed], step: int | None = None) -> RunConfig:
    """The settings of an epoch, counted over both phases; None: with every change so far.

    What was told later counts from its own step on, also where a run that went back to its checkpoint had been changed
    at a later step before. A change that cannot be understood, because somebody damaged the log, is passed over.
    """
    for change in changes:
        if step is None or change.step <= step:
            with contextlib.suppress(ConfigError):
                config = _with(config, change)
    return config


def sound(config: RunConfig, changes: Iterable[Changed]) -> list[Changed]:
    """The changes that changed something, without damaged ones."""
    found = []
    for change in changes:
        with contextlib.suppress(ConfigError):
            if change.step > 0 and change.settings and _with(config, change):
                found.append(change)
    return found


def _with(config: RunConfig, change: Changed) -> RunConfig:
    if set(change.settings) - set(LIVE):
        raise ConfigError("A change that cannot be.")
    return RunConfig.from_dict({**config.to_dict(), **change.settings})


def changed(config: RunConfig, settings: Mapping[str, Any], *, head_is_over: bool) -> dict[str, Any]:
    """Those of some settings that are others than in a config, as values.

    Args:
        config: what is in force.
        settings: some of `LIVE`, as text or as values; one left empty that cannot be stays as it is.
        head_is_over: whether the new layers have learned.

    Raises:
        ConfigError: when one cannot be changed, or not to that.
    """
    require_only(LIVE, settings, kept="keeps", listed=", ".join(LIVE))
    wanted = RunConfig.from_dict({**config.to_dict(), **RunConfig.given(settings)}).to_dict()
    others = {name: wanted[name] for name in LIVE if wanted[name] != getattr(config, name)}
    if head_is_over and (late := [name for name in others if name in OF_THE_HEAD]):
        raise ConfigError(
            "The new layers have learned already.",
            expected=f"a change of {', '.join(name for name in LIVE if name not in OF_THE_HEAD)}",
            found=", ".join(late),
            fix="Leave it out, or start a new run.",
        )
    return others


def resumed(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """What a run goes on with.

    Args:
        config: what it had.
        settings: some of `ON_RESUME`, as text or as values; one left empty stays as it is.

    Raises:
        ConfigError: when it cannot go on with these.
    """
    require_only(ON_RESUME, settings, kept="goes on with", listed=" and ".join(ON_RESUME))
    others = {name: value for name, value in settings.items() if value not in (None, "")}
    found = RunConfig.from_dict({**config.to_dict(), **others})
    if found.pooling == "flatten" and found.image_size != config.image_size:
        raise ConfigError(
            "The photo size of this run cannot be changed.",
            expected="another pooling than flatten, with which the new layers fit one size only",
            found=f"flatten, and photos of {config.image_size or 'the usual'} pixels",
            fix="Lower the batch size instead, or start a new run.",
        )
    return found


def require_only(names: Collection[str], settings: Mapping[str, Any], *, kept: str, listed: str) -> None:
    """See that settings are among those that may be others.

    Args:
        names: of those.
        settings: what is asked for.
        kept: what the run does with all the others.
        listed: the names in words.

    Raises:
        ConfigError: when one is not.
    """
    if fixed := sorted(set(settings) - set(names)):
        raise ConfigError(
            f"A run {kept} the {', '.join(fixed)} that it began with.",
            expected=f"nothing but {listed} to be changed",
            found=", ".join(fixed),
            fix="Leave it out, or start a new run.",
        )


def briefly(change: Changed) -> list[str]:
    """What was changed, a few words each."""
    return [
        f"{_BRIEFLY.get(name, name)} {_value(name, change.before.get(name))} → {_value(name, value)}"
        for name, value in change.settings.items()
    ]


def asked(change: Change) -> str:
    """What is asked for."""
    known = RunConfig.settings()
    labels = {name: known[name].label if name in known else name[:40] for name in change.settings}
    return "; ".join(f"{labels[name]}: {_value(name, value)}" for name, value in change.settings.items())


def in_words(change: Changed) -> str:
    """What was changed and when, in a sentence."""
    known = RunConfig.settings()
    parts = [
        f"{known[name].label} {_value(name, value)} (before: {_value(name, change.before.get(name))})"
        for name, value in change.settings.items()
    ]
    return f"From round {change.step} on: {'; '.join(parts)}."


def _value(name: str, value: Any) -> str:
    if isinstance(value, int | float):
        return f"{value:g}"
    return "all" if value is None and name == "frozen_layers" else "?"
