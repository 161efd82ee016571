"""What a study of one network found, for page, API and command line alike: how deep to fine-tune, or which learning
rates. Computed from its events, never stored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from transfer.advice.depth import DepthAdvice, advised_depth
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured, StepEnded
from transfer.runs.progress import StudyProgress, study_progress
from transfer.runs.study import Study

RATES = {"head": "head_learning_rate", "fine_tune": "fine_tune_learning_rate"}
DEPTH = ("frozen_layers", "fine_tune_epochs", "fine_tune_learning_rate")


@dataclass(frozen=True)
class Found:
    """What is known so far.

    Attributes:
        study: its id.
        state: as in `Status`.
        photos: the folder.
        progress: how far it is.
        steps: what was measured, in order.
        depth: which depth to take; None in a study of learning rates, and before there is something to compare.
    """

    study: str
    state: str
    photos: str
    progress: StudyProgress
    steps: tuple[StepEnded, ...]
    depth: DepthAdvice | None

    @classmethod
    def of(cls, study: Study) -> Found:
        return cls(
            study=study.id,
            state=study.status().state,
            photos=study.config.run.photos,
            progress=study_progress(study),
            steps=tuple(study.log.all(StepEnded)),
            depth=advised_depth(study.log.all(DepthMeasured)),
        )

    @property
    def depths(self) -> list[DepthMeasured]:
        return [step for step in self.steps if isinstance(step, DepthMeasured)]

    @property
    def rates(self) -> list[LearningRateMeasured]:
        return [step for step in self.steps if isinstance(step, LearningRateMeasured)]

    def settings(self) -> dict[str, Any]:
        """The settings of `RunConfig` that follow; empty before any does."""
        found: dict[str, Any] = {RATES[test.phase]: test.suggestion for test in self.rates if test.suggestion}
        if self.depth is not None:
            names = DEPTH if self.depth.best.blocks else DEPTH[:1]
            found |= {name: getattr(self.depth.best, name) for name in names}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, for people's own programs."""
        told = {"time", "right", "step"}
        return {
            "study": self.study,
            "state": self.state,
            "words": self.progress.message,
            "progress": round(self.progress.fraction, 4),
            "eta_seconds": self.progress.eta_seconds,
            "steps": [
                {"name": step.step} | {k: v for k, v in dataclasses.asdict(step).items() if k not in told}
                for step in self.steps
            ],
            "recommended": {"settings": self.settings(), "reason": self.depth.reason if self.depth else ""}
            if self.settings()
            else None,
        }
