"""Comparison of runs: the settings that differ, and whether the results do by more than chance.

Two runs are compared photo by photo, over the test photos that both were measured on: only those count that one names
right and the other does not (McNemar 1947, in its exact form). Training photos of either are never among them, nor
photos whose label was corrected in between: there the runs were measured against different truths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transfer.config import RunConfig
from transfer.errors import ConfigError
from transfer.runs.job import when
from transfer.runs.metrics import Metrics
from transfer.runs.predictions import Prediction, predictions
from transfer.runs.run import Run

MOST = 5  # runs at a time: more curves nobody can tell apart
NOISE = 0.05  # a difference that chance alone would make so often is none
NO_CHOICE = {"name", "photos"}
"""Settings that say nothing about how a network learns."""


@dataclass(frozen=True)
class Pair:
    """Two runs on the same test photos.

    Attributes:
        one, other: their names.
        photos: test photos that both were measured on, with the same label.
        gained, lost: how many of them only `one` names right, and only `other`.
        relabelled: test photos of both that do not count, since their label is not the same.
    """

    one: str
    other: str
    photos: int
    gained: int
    lost: int
    relabelled: int = 0

    @property
    def chance(self) -> float:
        """How often chance alone makes two equally good models differ so much, or more: 0 to 1, two-sided."""
        n, fewer = self.gained + self.lost, min(self.gained, self.lost)
        return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)

    def __str__(self) -> str:
        if not self.relabelled:
            return self._compared()
        one = self.relabelled == 1
        count = "1 more has" if one else f"{self.relabelled:,} more have"
        return f"{self._compared()} {count} another label in the other run and {'does' if one else 'do'} not count."

    def _compared(self) -> str:
        if not self.photos and self.relabelled:
            return f"“{self.one}” and “{self.other}” have no test photo with the same label in common."
        if not self.photos:
            return f"“{self.one}” and “{self.other}” were tested on other photos: only the intervals can be compared."
        if not self.gained + self.lost:
            return f"“{self.one}” and “{self.other}” are right on the same of {self.photos} test photos."
        better, worse = (self.one, self.other) if self.gained >= self.lost else (self.other, self.one)
        more, fewer = max(self.gained, self.lost), min(self.gained, self.lost)
        counts = f"Of {self.photos} test photos {more} were right only in “{better}”, {fewer} only in “{worse}”"
        if self.chance > NOISE:
            often = "nearly always" if self.chance > 0.95 else f"in {round(100 * self.chance)} of 100 trials"
            return f"{counts}. That may be chance: equally good models differ so much {often}."
        often = "hardly ever" if self.chance < 1e-3 else f"in {1000 * self.chance:.0f} of 1,000 trials"
        return f"{counts}. “{better}” is better beyond chance, which would do that {often}."


@dataclass(frozen=True)
class Comparison:
    """What is the same of some runs, and what is not.

    Attributes:
        runs: the runs; `names` tell them apart.
        metrics: of each, None where it was not measured.
        differing: settings that are not the same in all, each with its value for every run.
        pairs: the most accurate run on test photos beside each of the others that were tested.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    metrics: tuple[Metrics | None, ...]
    differing: dict[str, tuple[Any, ...]]
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Comparison:
        """Compare runs.

        Raises:
            ConfigError: for fewer than two, or too many.
            RunError: when one is damaged.
        """
        if not 2 <= len(runs) <= MOST:
            raise ConfigError(
                "These runs cannot be compared.",
                expected=f"2 to {MOST} runs",
                found=str(len(runs)),
                fix="Choose some in the list of past runs.",
            )
        names, metrics = _names(runs), tuple(run.metrics() for run in runs)
        tested = [
            (name, said)
            for name, run, found in zip(names, runs, metrics, strict=True)
            if found and found.split == "test" and (said := _said(run))
        ]
        best = max(tested, key=lambda each: sum(one.right for one in each[1].values()) / len(each[1]), default=None)
        pairs = tuple(_pair(best, other) for other in tested if best and other is not best)
        return cls(tuple(runs), names, metrics, _differing([run.config_at() for run in runs]), pairs)

    def __str__(self) -> str:
        lines = []
        for name, run, found in zip(self.names, self.runs, self.metrics, strict=True):
            result = "not measured"
            if found:
                interval = f"95 % interval {found.low:.1%} to {found.high:.1%}"
                result = f"{found.accuracy:.1%} right on {found.measured_on(run.dataset)} ({interval})"
            lines.append(f"{name}: {result}")
        for name, values in self.differing.items():
            lines.append(f"{name}: {', '.join('none' if value is None else str(value) for value in values)}")
        return "\n".join([*lines, *map(str, self.pairs)])

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        told = ("split", "photos", "accuracy", "low", "high")
        rows = [
            {"run": run.id, "name": name, "result": found and {key: getattr(found, key) for key in told}}
            for run, name, found in zip(self.runs, self.names, self.metrics, strict=True)
        ]
        settings = {name: list(values) for name, values in self.differing.items()}
        pairs = [{**vars(pair), "chance": pair.chance, "in_words": str(pair)} for pair in self.pairs]
        return {"runs": rows, "settings": settings, "pairs": pairs}


def _names(runs: Sequence[Run]) -> tuple[str, ...]:
    """Their names; those of the same name with the time they began."""
    names = [run.name for run in runs]
    return tuple(
        f"{name} · {when(run.created)}" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    )


def _differing(configs: Sequence[RunConfig]) -> dict[str, tuple[Any, ...]]:
    settings = [config.to_dict() for config in configs]
    columns = {name: tuple(each[name] for each in settings) for name in settings[0] if name not in NO_CHOICE}
    return {name: values for name, values in columns.items() if any(value != values[0] for value in values)}


def _said(run: Run) -> dict[str, Prediction]:
    """What it said of each test photo, by the digest of the photo, which is the same in every folder."""
    digests = {photo.path: photo.digest for photo in run.dataset.of("test")}
    return {digests[each.path]: each for each in predictions(run) if each.path in digests}


def _pair(one: tuple[str, dict[str, Prediction]], other: tuple[str, dict[str, Prediction]]) -> Pair:
    both = [(one[1][photo], other[1][photo]) for photo in one[1].keys() & other[1].keys()]
    same = [(first, second) for first, second in both if first.label == second.label]
    gained = sum(first.right and not second.right for first, second in same)
    lost = sum(second.right and not first.right for first, second in same)
    return Pair(one[0], other[0], len(same), gained, lost, len(both) - len(same))
