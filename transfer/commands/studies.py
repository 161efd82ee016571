"""What is measured before training: studies, begun and asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transfer.advice.measured import Measurement
from transfer.commands.runs import folder_in
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.messages.measurements import StepEnded
from transfer.networks import weights
from transfer.runs.study import Study, StudyConfig
from transfer.runs.workspace import Workspace

Progress = Callable[[int, int], None]  # told how many photos of how many


class Studies:
    """Args:
    workspace: whose studies.
    config: what a run with some settings would be.
    check: looks at a photo folder.
    """

    def __init__(
        self, workspace: Workspace, config: Callable[[Mapping[str, Any]], RunConfig], check: Callable[..., Dataset]
    ) -> None:
        self._workspace, self._config, self._check = workspace, config, check

    def begin(
        self,
        settings: Mapping[str, Any],
        kind: str = "networks",
        *,
        progress: Progress | None = None,
        **extent: Any,
    ) -> Study:
        """Put a new study in line: something is measured on the photos, to be chosen by numbers.

        Args:
            settings: as in `Training.begin`, of the run that it is for.
            kind: what to find out, one of `runs.study.KINDS`.
            progress: of checking the photos.
            extent: how much to measure; the other fields of `StudyConfig`, None for their defaults.

        Raises:
            TransferError: as there, and when there is no such kind or extent.
        """
        config = self._config(settings)
        given = {name: value for name, value in extent.items() if value is not None}
        study = StudyConfig(run=config, kind=kind, **given).validated()
        if kind != "networks":  # which takes those that are here
            weights.require(config)
        return self._workspace.create_study(
            study, self._check(config.photos, seed=config.seed, split_by=config.split_by, progress=progress)
        )

    def get(self, name: str) -> Study:
        """A study by its name.

        Raises:
            RunError: when there is none, or it is damaged.
        """
        study = Study(folder_in(self._workspace.studies_dir, name, "There is no study called “{}”."))
        study.require_sound()
        return study

    def all(self) -> list[Study]:
        """All studies that can be understood, newest first."""
        return [study for study in self._workspace.studies() if study.sound]

    def measurements(self, dataset: Dataset) -> list[Measurement]:
        """What studies found out about just these photos, the newest last."""
        studies = [each for each in self.all() if each.fingerprint == dataset.fingerprint]
        return [Measurement(each.config.run, each.log.all(StepEnded)) for each in reversed(studies)]

    def stop(self, name: str) -> Study:
        """Ask a study to end at the next photo and keep what it measured.

        Raises:
            RunError: when there is no such study.
        """
        study = self.get(name)
        study.request_stop()
        return study
