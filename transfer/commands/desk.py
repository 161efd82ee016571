"""The desk: whatever a person can ask for, one method each. The page, its API and the command line only call it.

What is asked about photos is here; about anything else it is in the module of that name beside it. The rules are in
this room: which folders and files may be opened, what the settings mean, and what can be asked of which run. Nothing
is put into words for a screen, and what needs Keras is asked of the prediction servers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from transfer import disk
from transfer.commands.hub import Hub
from transfer.commands.models import Models
from transfer.commands.networks import Networks
from transfer.commands.outlook import Outlooks
from transfer.commands.review import Reviews
from transfer.commands.runs import Runs
from transfer.commands.studies import Studies
from transfer.commands.training import Training
from transfer.commands.waiting import Waiting
from transfer.config import RunConfig
from transfer.dataset import archive
from transfer.dataset.dataset import Dataset
from transfer.dataset.roots import Roots
from transfer.dataset.scan import scan
from transfer.errors import ConfigError
from transfer.messages.questions import DescribeMachine, Machine
from transfer.processes.client import Client
from transfer.processes.photo_reader import PhotoReader
from transfer.report.report import report
from transfer.runs.whole_file import write_whole
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

    @cached_property
    def runs(self) -> Runs:
        """The runs that there are."""
        return Runs(self.workspace, self.roots)

    @cached_property
    def training(self) -> Training:
        """Runs that begin, and those that have not ended."""
        return Training(self.workspace, self.runs, self.roots, self.networks, self.check)

    @cached_property
    def queue(self) -> Waiting:
        """Runs that wait."""
        return Waiting(self.workspace, self.runs)

    @cached_property
    def outlooks(self) -> Outlooks:
        """What runs will take."""
        return Outlooks(self.workspace, self.runs, self.training, self.check)

    @cached_property
    def studies(self) -> Studies:
        """What is measured before training."""
        return Studies(self.workspace, self.training.config, self.check)

    @cached_property
    def models(self) -> Models:
        """What came of runs."""
        return Models(self.runs, self.predictor, self.errands)

    def report(self, name: str) -> Path:
        """The report of a run as one HTML file, written now, in its folder.

        Raises:
            RunError: when there is no such run, or it is damaged.
            DiskError: when there is no room for it.
        """
        run = self.runs.get(name)
        file = run.path / "report.html"
        with disk.in_words(run.path):
            write_whole(file, report(run, self.photos.thumbnails))
        return file

    @cached_property
    def reviews(self) -> Reviews:
        """A second look at photos."""
        return Reviews(self.workspace, self.runs, self.training, self.check, self.errands)

    @cached_property
    def hub(self) -> Hub:
        """Models for others."""
        return Hub(self.runs, self.models)

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

    def check(
        self, folder: str | Path, *, seed: Any = 0, split_by: Any = "photo", progress: Progress | None = None
    ) -> Dataset:
        """What is in a photo folder, how it would be split, what would be left out, and what was corrected.

        Raises:
            TransferError: when the folder may not be opened, or there is nothing in it to learn from.
        """
        config = RunConfig.from_dict({"seed": seed, "split_by": split_by})
        place = self.roots.confine(folder)
        return scan(
            place,
            seed=config.seed,
            memory=self.workspace.photo_memory,
            progress=progress,
            roots=self.roots,
            read=self.photos.check,
            split_by=config.split_by,
            corrections=self.workspace.corrections(place),
            times=self.photos.taken,
        )

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
