"""What a study found, for page, API and command line alike: which network to take, how deep to fine-tune it, or which
learning rates. Computed from its events, never stored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from transfer.advice.depth import DepthAdvice, advised_depth
from transfer.advice.networks import Recommendation, recommend
from transfer.messages.measurements import (
    DepthMeasured,
    LearningRateMeasured,
    NetworkLeftOut,
    NetworkMeasured,
    StepEnded,
)
from transfer.networks.backbones import Backbone
from transfer.networks.candidates import Candidate, elsewhere
from transfer.runs.progress import StudyProgress, study_progress
from transfer.runs.study import Study

RATES = {"head": "head_learning_rate", "fine_tune": "fine_tune_learning_rate"}
DEPTH = ("frozen_layers", "fine_tune_epochs", "fine_tune_learning_rate")


@dataclass(frozen=True)
class Findings:
    """What is known so far of any study.

    Attributes:
        study: its id.
        state: as in `Status`.
        photos: the folder.
        progress: how far it is.
    """

    study: str
    state: str
    photos: str
    progress: StudyProgress

    @staticmethod
    def of(study: Study) -> NetworkFindings | SettingFindings:
        """What this study found."""
        return (NetworkFindings if study.config.kind == "networks" else SettingFindings).of(study)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, for people's own programs."""
        return {
            "study": self.study,
            "state": self.state,
            "words": self.progress.message,
            "progress": round(self.progress.fraction, 4),
            "eta_seconds": self.progress.eta_seconds,
        }


@dataclass(frozen=True)
class NetworkFindings(Findings):
    """What a study of networks found.

    Attributes:
        measured: the networks, the most accurate first.
        left_out: those that were not measured, with the reason.
        elsewhere: those whose weights are not on this machine, with what others published about them.
        recommended: None before anything was measured.
    """

    measured: tuple[NetworkMeasured, ...]
    left_out: tuple[NetworkLeftOut, ...]
    elsewhere: tuple[Backbone, ...]
    recommended: Recommendation | None

    @staticmethod
    def of(study: Study) -> NetworkFindings:
        measured = study.log.all(NetworkMeasured)
        return NetworkFindings(
            *_standing(study),
            measured=tuple(sorted(measured, key=lambda each: -each.accuracy)),
            left_out=tuple(study.log.all(NetworkLeftOut)),
            elsewhere=tuple(elsewhere()),
            recommended=recommend(measured),
        )

    def settings(self) -> dict[str, Any]:
        """The settings of `RunConfig` that choose the recommended network; those that are the default left out."""
        if self.recommended is None:
            return {}
        network = self.recommended.network
        chosen = Candidate(network.backbone, network.alpha, network.image_size).settings
        return {name: value for name, value in chosen.items() if value not in (None, 1.0, "imagenet")}

    def to_dict(self) -> dict[str, Any]:
        found = self.recommended
        return super().to_dict() | {
            "networks": [_step(each) for each in self.measured],
            "left_out": [_step(each) for each in self.left_out],
            "elsewhere": [
                {"name": each.name, "top1": each.top1, "download_mb": each.download_mb} for each in self.elsewhere
            ],
            "recommended": found
            and {
                "name": found.network.step,
                "reason": found.reason,
                "settings": self.settings(),
                "alike": [each.step for each in found.alike],
            },
        }


@dataclass(frozen=True)
class SettingFindings(Findings):
    """What a study of one network found: how deep to fine-tune it, or which learning rates.

    Attributes:
        steps: what was measured, in order.
        depth: which depth to take; None in a study of learning rates, and before there is something to compare.
    """

    steps: tuple[StepEnded, ...]
    depth: DepthAdvice | None

    @staticmethod
    def of(study: Study) -> SettingFindings:
        log = study.log
        return SettingFindings(*_standing(study), tuple(log.all(StepEnded)), advised_depth(log.all(DepthMeasured)))

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
        settings, reason = self.settings(), self.depth.reason if self.depth else ""
        return super().to_dict() | {
            "steps": [_step(each) for each in self.steps],
            "recommended": {"settings": settings, "reason": reason} if settings else None,
        }


def _standing(study: Study) -> tuple[str, str, str, StudyProgress]:
    return study.id, study.status().state, study.config.run.photos, study_progress(study)


def _step(event: StepEnded) -> dict[str, Any]:
    told = {"time", "right", "step"}
    return {"name": event.step} | {name: value for name, value in dataclasses.asdict(event).items() if name not in told}
