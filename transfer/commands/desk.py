"""The desk: whatever a person can ask for, one method each. The page, its API and the command line only call it.

The rules are here and in `settings` and `networks` beside it: which folders and files may be opened, what the settings
mean, and what can be asked of which run. Nothing is put into words for a screen, and what needs Keras is asked of the
prediction servers.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transfer import disk
from transfer.advice.measured import Measurement
from transfer.commands.networks import Networks
from transfer.commands.settings import trainable
from transfer.config import RunConfig
from transfer.dataset import archive
from transfer.dataset.dataset import Dataset
from transfer.dataset.roots import Roots
from transfer.dataset.scan import scan
from transfer.errors import ConfigError, RunError
from transfer.formats import find
from transfer.messages.events import StepEnded
from transfer.messages.questions import DescribeMachine, Evaluate, Export, GetReady, Machine, PhotoAnswers, Predict
from transfer.networks import weights
from transfer.networks.default import default_backbone
from transfer.networks.space import run_bytes
from transfer.processes.client import Client
from transfer.processes.photo_reader import PhotoReader
from transfer.runs.exported import ExportedModel
from transfer.runs.metrics import Metrics
from transfer.runs.run import Run
from transfer.runs.study import Study, StudyConfig
from transfer.runs.summary import Summary
from transfer.runs.workspace import Workspace
from transfer.samples import draw as samples

Progress = Callable[[int, int], None]  # told how many photos of how many


@dataclass(frozen=True)
class Desk:
    """What can be asked, in one workspace.

    Attributes:
        workspace: where runs, uploads and caches are kept.
        roots: the folders that photos may lie in.
        networks: the networks that can be chosen.
        predictor: the prediction server that answers predictions.
        errands: a second one for exports, evaluations and looking into model files, so that a long errand never
            holds up a prediction.
        photos: whatever takes a look into photos is done by it, in a process of its own.
    """

    workspace: Workspace
    roots: Roots
    networks: Networks
    predictor: Client
    errands: Client
    photos: PhotoReader

    @classmethod
    def open(cls, workspace: Workspace, roots: Iterable[Path] | None, logs: Path) -> Desk:
        """A desk whose servers start when they are first asked; nothing is written before `prepare`.

        Args:
            workspace: its photos and networks can always be opened, whatever `roots` says.
            roots: the folders that may be opened; None: any, for somebody who sits at this machine anyway.
            logs: the folder for what the servers write to stderr.
        """
        allowed = Roots(roots)
        predictor, errands = Client(logs / "predictor.log"), Client(logs / "errands.log")
        networks = Networks(workspace, allowed, errands)
        photos = PhotoReader(logs / "photos.log")
        return cls(workspace, allowed.with_folders(workspace.path / "photos"), networks, predictor, errands, photos)

    def prepare(self, *, to_look: bool = False) -> bool:
        """Make the workspace's folder.

        Args:
            to_look: whether one that can only be read will do.

        Returns:
            Whether it can be written to.

        Raises:
            ConfigError: when it cannot be used.
        """
        try:
            self.workspace.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.workspace.path):
                return True
        except OSError as error:
            if to_look and disk.is_read_only(error) and self.workspace.path.is_dir():
                return False
            raise ConfigError(
                f"The workspace {self.workspace.path} cannot be used.",
                expected="a folder that can be written to",
                found=error.strerror or str(error),
                fix="Choose another folder with --workspace, or give your user permission to write to this one.",
            ) from error

    def close(self) -> None:
        """End the servers; runs in training are not touched."""
        self.photos.close()
        self.predictor.close()
        self.errands.close()

    def machine(self) -> Machine:
        """What training would run on."""
        return self.errands.ask(DescribeMachine())

    # ------------------------------------------------------------------ photos

    def check(self, folder: str | Path, *, seed: Any = 0, progress: Progress | None = None) -> Dataset:
        """What is in a photo folder, how it would be split, and what would be left out.

        Raises:
            TransferError: when the folder may not be opened, or there is nothing in it to learn from.
        """
        seed = RunConfig.from_dict({"seed": seed}).seed
        place, memory = self.roots.confine(folder), self.workspace.photo_memory
        return scan(place, seed=seed, memory=memory, progress=progress, roots=self.roots, read=self.photos.check)

    def unpack(self, zip_file: Path) -> Path:
        """The folder that an uploaded zip of photos was unpacked into.

        Raises:
            PhotosError: when it is no zip that may be unpacked.
        """
        return archive.unpack(zip_file, self.workspace.photos_dir)

    def draw_samples(self, *, progress: Progress | None = None) -> Path:
        """The folder with the built-in sample photos, drawn now if it is not there yet."""
        with disk.in_words(self.workspace.path):
            return samples.draw(self.workspace.photos_dir, progress=progress)

    # ------------------------------------------------------------------ training

    def config(self, settings: Mapping[str, Any]) -> RunConfig:
        """What `train` would train, without a look at the photos; see there."""
        return trainable(settings, self.roots, self.networks)

    def train(self, settings: Mapping[str, Any], *, progress: Progress | None = None) -> Run:
        """Put a new run in the queue, after everything that could be wrong with it was looked at.

        Args:
            settings: fields of RunConfig by name, as text or as values; an empty one means its default.
            progress: of checking the photos.

        Raises:
            TransferError: when a setting makes no sense, a file or folder is not there or not allowed, the weights
                cannot be had, the photos cannot be learned from, or there is no room for what comes of it.
        """
        config = self.config(settings)
        weights.require(config)
        dataset = self.check(config.photos, seed=config.seed, progress=progress)
        if not settings.get("backbone"):  # how quick a network is, is only known with the number of photos
            config = self.config({**settings, "backbone": default_backbone(len(dataset.photos))})
            weights.require(config)
        self._require_room(config, dataset, "this run", "Then press Train again, or choose a smaller network.")
        return self.workspace.create(config, dataset)

    def resume(self, name: str, changes: Mapping[str, Any] | None = None) -> Run:
        """Put an interrupted run back in the queue, to go on from its last checkpoint.

        Args:
            changes: settings that are others from now on, as text or as values; see `runs.run.CHANGEABLE`.

        Raises:
            TransferError: when there is no such run, it is not interrupted, it cannot go on with such settings, or
                there is no room on the disk for the rest of it.
        """
        run = self.run(name)
        self._require_room(run.config, run.dataset, "the rest of this run", "Then resume it.")
        run.request_resume(changes)
        self.workspace.changed.set()
        return run

    def stop(self, name: str) -> Run:
        """Ask a run to end at the next step and keep its best state; one that waits leaves the queue.

        Raises:
            RunError: when there is no such run.
        """
        run = self.run(name)
        run.request_stop()
        return run

    # ------------------------------------------------------------------ measuring before training

    def advise(
        self,
        settings: Mapping[str, Any],
        kind: str = "networks",
        *,
        progress: Progress | None = None,
        **extent: Any,
    ) -> Study:
        """Put a new study in line: something is measured on the photos, to be chosen by numbers.

        Args:
            settings: as in `train`, of the run that it is for.
            kind: what to find out, one of `runs.study.KINDS`.
            progress: of checking the photos.
            extent: how much to measure; the other fields of `StudyConfig`, None for their defaults.

        Raises:
            TransferError: as `train`, and when there is no such kind or extent.
        """
        config = self.config(settings)
        given = {name: value for name, value in extent.items() if value is not None}
        study = StudyConfig(run=config, kind=kind, **given).validated()
        if kind != "networks":  # which takes those that are here
            weights.require(config)
        return self.workspace.create_study(study, self.check(config.photos, seed=config.seed, progress=progress))

    def study(self, name: str) -> Study:
        """A study by its name.

        Raises:
            RunError: when there is none, or it is damaged.
        """
        study = Study(self._place(self.workspace.studies_dir, name, "There is no study called “{}”."))
        study.require_sound()
        return study

    def studies(self) -> list[Study]:
        """All studies that can be understood, newest first."""
        return [study for study in self.workspace.studies() if study.sound]

    def measurements(self, dataset: Dataset) -> list[Measurement]:
        """What studies found out about just these photos, the newest last."""
        studies = [each for each in self.studies() if each.fingerprint == dataset.fingerprint]
        return [Measurement(each.config.run, each.log.all(StepEnded)) for each in reversed(studies)]

    def stop_study(self, name: str) -> Study:
        """Ask a study to end at the next photo and keep what it measured.

        Raises:
            RunError: when there is no such study.
        """
        study = self.study(name)
        study.request_stop()
        return study

    # ------------------------------------------------------------------ runs

    def run(self, name: str) -> Run:
        """A run by its name; where any folder may be opened, also by a part of its name or by its path.

        Raises:
            RunError: when there is none, or it is damaged.
        """
        run = self._folder(name)
        run.require_sound()
        run.dataset, run.metrics()
        return run

    def _folder(self, name: str) -> Run:
        """As `run`, damaged or not."""
        if self.roots.anywhere:
            return self.workspace.run(name)
        return Run(self._place(self.workspace.runs_dir, name, "There is no run called “{}”."))

    def runs(self) -> list[Run]:
        """All runs, newest first, damaged ones too."""
        return self.workspace.runs()

    def annotate(self, name: str, /, **changes: Any) -> Run:
        """Give a run another name or a note: fields of `runs.notes.Notes`.

        Raises:
            RunError: when there is no such run, or a text is too long.
        """
        run = self._folder(name)
        dataclasses.replace(run.notes, **changes).write(run.path)
        return run

    def star(self, name: str) -> Run:
        """Star a run, or take its star away.

        Raises:
            RunError: when there is no such run.
        """
        run = self._folder(name)
        dataclasses.replace(run.notes, starred=not run.notes.starred).write(run.path)
        return run

    def discard(self, name: str) -> Run:
        """Move a run into the bin, damaged or not.

        Raises:
            RunError: when there is no such run, or it is not over.
        """
        run = self._folder(name)
        self.workspace.bin.discard(run)
        return run

    def restore(self, name: str) -> Run:
        """Put a run back that was thrown away.

        Raises:
            RunError: when it is not in the bin.
        """
        return self.workspace.bin.restore(self._place(self.workspace.bin.folder, name, "“{}” is not in the bin.").name)

    def summaries(self) -> list[Summary]:
        """A line on each run, newest first; one that is damaged says so."""
        return self.workspace.summaries()

    # ------------------------------------------------------------------ trained models

    def get_ready(self, run: Run | None = None) -> None:
        """Have the prediction server get a run's model ready, the newest one's if none is named, without waiting."""
        found = run or next((each for each in self.runs() if each.model_file.is_file()), None)
        if found is not None and found.model_file.is_file():
            self.predictor.prepare(GetReady(run=str(found.path)))

    def predict(self, name: str, images: Sequence[str | Path], *, top: int | None = None) -> PhotoAnswers:
        """What a run's model says is on some photos: the `top` most probable classes of each, or all.

        Raises:
            TransferError: when there is no such run or it has no model, or no class is asked for.
        """
        run = self._trained(name)
        if top is not None and top < 1:
            raise ConfigError(
                "No classes were asked for.",
                expected="a whole number from 1 (--top)",
                found=str(top),
                fix="Leave it out, or give a higher number.",
            )
        return self.predictor.ask(Predict(run=str(run.path), images=tuple(map(str, images)), top=top))

    def evaluate(self, name: str) -> Metrics:
        """Measure a run's model again on its test photos.

        Raises:
            TransferError: when there is no such run or it has no model, or its photos are gone.
        """
        run = self._trained(name)
        self.errands.ask(Evaluate(run=str(run.path)))
        metrics = run.metrics()
        assert metrics is not None
        return metrics

    def export(self, name: str, format: str, *, again: bool = True) -> ExportedModel:
        """Write a run's model in a format, as a zip. Not `again`: unless that was done before.

        Raises:
            TransferError: when there is no such run or format, it has no model, or it cannot be written like that.
        """
        run = self._trained(name)
        find(format)  # an unknown one is an error before anything is loaded
        made = None if again else run.exported(format)
        if made is None:
            self.errands.ask(Export(run=str(run.path), format=format), timeout=1800)
            made = run.exported(format)
        assert made is not None
        return made

    def _require_room(self, config: RunConfig, dataset: Dataset, what: str, fix: str) -> None:
        needed = run_bytes(config, len(dataset.photos), len(dataset.classes))
        disk.require(self.workspace.path, needed, f"There is not enough room on the disk for {what}.", fix)

    @staticmethod
    def _place(folder: Path, name: str, otherwise: str) -> Path:
        """A folder in a folder. What comes from a browser names nothing else: no path, no part of a name."""
        place = folder / name
        if (
            not name
            or "\0" in name
            or len(os.fsencode(name)) > 255
            or place.name != name
            or place.resolve().parent != folder
        ):
            raise RunError(otherwise.format(name[:80]), fix="Choose one from the list.")
        return place

    def _trained(self, name: str) -> Run:
        run = self.run(name)
        if not run.model_file.is_file():
            raise RunError(
                f"“{run.name}” has no trained model.",
                expected="a run that is finished, or was stopped after its first round",
                found=f"a run that is {run.status().state}",
                fix="Wait until it has finished, or resume it.",
            )
        return run
