"""A study is a folder: something is measured on the photos before a network is trained on them, to choose by numbers.

It waits in line, is worked on, stopped and looked at like a run. What each kind of study measures is in
`learning.advisor`; what it found is in its events.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from transfer.config import RunConfig
from transfer.errors import ConfigError
from transfer.runs.job import Job
from transfer.runs.run import Run

KINDS = {
    "networks": "the best network",
    "depth": "how deep to fine-tune",
    "learning_rate": "the learning rate",
}
"""What can be found out, in words."""


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """What is to be measured, and with how much.

    Attributes:
        run: the run it is measured for; what is being compared in it counts for nothing.
        kind: one of `KINDS`.
        photos_a_class: at most so many of each class are looked at.
        minutes: after which nothing more is begun, and what is under way is left.
    """

    run: RunConfig
    kind: str = "networks"
    photos_a_class: int = 100
    minutes: float = 10.0

    def validated(self) -> StudyConfig:
        """This config, when its values make sense.

        Raises:
            ConfigError: when they do not.
        """
        if self.kind not in KINDS:
            raise ConfigError(
                f"“{self.kind}” is nothing that can be measured.",
                expected=f"one of {', '.join(KINDS)}",
                found=repr(self.kind),
                fix="Correct the spelling.",
            )
        limits: dict[str, tuple[float, float]] = {"photos_a_class": (4, 10_000), "minutes": (0.05, 24 * 60)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise ConfigError(
                    f"The study cannot be made with {name} {value}.",
                    expected=f"{name} between {low:g} and {high:g}",
                    found=str(value),
                    fix="Choose a value within the limits, or leave it out.",
                )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StudyConfig:
        """What `to_dict` gave."""
        known = {field.name for field in dataclasses.fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        return cls(**{**values, "run": RunConfig.from_dict(data["run"])}).validated()


class Study(Job):
    """One study directory."""

    kind = "study"
    where = "Choose one of the studies in the workspace, or begin a new one."
    doing = "Measuring"
    keeps = "what was measured so far"

    @cached_property
    def config(self) -> StudyConfig:
        return self._record(self.config_file, StudyConfig.from_dict)

    def require_sound(self) -> None:
        super().require_sound()
        self.fingerprint  # noqa: B018 - studies are compared by it

    @property
    def fingerprint(self) -> str:
        """That of all photos of the run."""
        return _fingerprint(self.path)

    def version(self) -> tuple[Any, ...]:
        """Changes whenever the screen could."""
        status = self.status()
        return (self.id, self.log.size(), status.state, status.place)


def open_job(path: Path) -> Run | Study:
    """The run or the study in a directory.

    Raises:
        RunError: when there is neither, or it is damaged.
    """
    run = Run(path)
    return Study(path) if "photos_a_class" in run._record(run.config_file, dict) else run


@functools.lru_cache(256)
def _fingerprint(path: Path) -> str:
    """Kept, because the page asks for those of all studies at every change, and none ever changes."""
    return Study(path).dataset.fingerprint
