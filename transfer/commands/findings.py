"""What a study of networks found, for page, API and command line alike. Computed from its events, never stored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from transfer.advice.networks import Recommendation, recommend
from transfer.messages.measurements import NetworkLeftOut, NetworkMeasured
from transfer.networks.backbones import Backbone
from transfer.networks.candidates import Candidate, elsewhere
from transfer.runs.progress import StudyProgress, study_progress
from transfer.runs.study import Study


@dataclass(frozen=True)
class Findings:
    """What is known so far.

    Attributes:
        study: its id.
        state, message: as in `Status`, and what is happening right now.
        photos: the folder.
        measured: the networks, the most accurate first.
        left_out: those that were not measured, with the reason.
        elsewhere: those whose weights are not on this machine, with what others published about them.
        recommended: None before anything was measured.
    """

    study: str
    state: str
    photos: str
    progress: StudyProgress
    measured: tuple[NetworkMeasured, ...]
    left_out: tuple[NetworkLeftOut, ...]
    elsewhere: tuple[Backbone, ...]
    recommended: Recommendation | None

    @classmethod
    def of(cls, study: Study) -> Findings:
        measured = study.log.all(NetworkMeasured)
        return cls(
            study=study.id,
            state=study.status().state,
            photos=study.config.run.photos,
            progress=study_progress(study),
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
        """Ready for JSON, for people's own programs."""
        told = {"time", "right", "step", "seconds"}

        def network(event: NetworkMeasured | NetworkLeftOut) -> dict[str, Any]:
            return {"name": event.step} | {k: v for k, v in dataclasses.asdict(event).items() if k not in told}

        found = self.recommended
        return {
            "study": self.study,
            "state": self.state,
            "words": self.progress.message,
            "progress": round(self.progress.fraction, 4),
            "eta_seconds": self.progress.eta_seconds,
            "networks": [network(each) for each in self.measured],
            "left_out": [network(each) for each in self.left_out],
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
