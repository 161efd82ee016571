"""A second look at the photos of a run, and what people decide about them, for this folder from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from transfer import disk
from transfer.commands.runs import Runs
from transfer.commands.training import Training
from transfer.dataset.corrected_copy import write_copy
from transfer.dataset.corrections import KEEP, LEAVE_OUT, MOVE, Correction, Corrections
from transfer.dataset.dataset import Dataset
from transfer.errors import ConfigError, RunError
from transfer.messages.questions import ReviewPhotos
from transfer.processes.client import Client
from transfer.runs.review import Review
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

ACTS = (KEEP, MOVE, LEAVE_OUT)
LONGEST = 1800.0  # seconds that a look may take


class Reviews:
    """Args:
    workspace: where corrections are kept.
    runs: whose photos.
    training: trains again.
    check: looks at a photo folder.
    errands: the prediction server that looks.
    """

    def __init__(
        self, workspace: Workspace, runs: Runs, training: Training, check: Callable[..., Dataset], errands: Client
    ) -> None:
        self._workspace, self._runs, self._training = workspace, runs, training
        self._check, self._errands = check, errands

    def of(self, name: str, *, again: bool = False) -> Review:
        """Which photos of a run are worth a second look; that of before, where there is one and not `again`.

        Raises:
            TransferError: when there is no such run, it was not measured yet, or its photos are gone.
        """
        run = self._runs.get(name)
        if run.metrics() is None:
            finished = run.status().state == "finished"
            raise RunError(
                f"The photos of “{run.name}” cannot be looked at yet.",
                expected="a run that was measured",
                found="no validation and no test photos in it" if finished else f"a run that is {run.status().state}",
                fix="Add photos, then train again." if finished else "Wait until it has finished, or resume it.",
            )
        review = None if again else run.review()
        if review is None or review.leak is None:
            with disk.in_words(run.path):
                self._errands.ask(ReviewPhotos(run=str(run.path)), timeout=LONGEST)
                review = run.review()
                if review is None:
                    raise RunError(
                        f"What was found among the photos of “{run.name}” cannot be read.",
                        expected=f"the file {run.review_file} as it was written just now",
                        fix="Try again.",
                    )
                self._workspace.corrections(run.dataset.root).add_copies(review.pairs)
        return review

    def corrections(self, run: Run) -> Corrections:
        """What was decided about the photos of its folder."""
        return self._workspace.corrections(run.dataset.root)

    def correct(self, name: str, paths: Iterable[str], act: str, to: str = "") -> Corrections:
        """Decide about photos of a run: keep, move to another class, or leave out, in all later runs over its folder.

        Args:
            paths: as in the run's dataset.
            act: one of ACTS.
            to: the class that they are moved to.

        Raises:
            TransferError: when there is no such run, photo, act or class.
        """
        run = self._runs.get(name)
        if act not in ACTS or (act == MOVE and to not in run.dataset.classes):
            raise ConfigError(
                f"Photos cannot be moved to “{to[:80]}”." if act == MOVE else "That cannot be done with photos.",
                expected=f"one of {', '.join(run.dataset.classes[:20] if act == MOVE else ACTS)}",
                found=to[:80] if act == MOVE else act[:80],
                fix="Choose one of these.",
            )
        made = [Correction(path, digest, act, to if act == MOVE else "") for path, digest in self._photos(run, paths)]
        corrections = self.corrections(run)
        with disk.in_words(self._workspace.path):
            corrections.add(made)
        return corrections

    def undo(self, name: str, paths: Iterable[str] | None = None) -> Corrections:
        """Take decisions about photos of a run back; all about its folder where none are named.

        Raises:
            TransferError: when there is no such run or photo.
        """
        run = self._runs.get(name)
        with disk.in_words(self._workspace.path):
            corrections = self.corrections(run)
            corrections.undo(None if paths is None else [digest for _, digest in self._photos(run, paths)])
        return corrections

    def undo_in(self, folder: str, digests: Iterable[str] | None = None) -> None:
        """The same for a photo folder that was checked, by the digests of photos."""
        with disk.in_words(self._workspace.path):
            self._workspace.corrections(folder).undo(digests)

    def changed_in(self, folder: str | Path) -> int:
        """How many photos of a folder were moved or left out."""
        return sum(each.act != KEEP for each in self._workspace.corrections(folder).all.values())

    def train_again(self, name: str, *, split_by: str = "") -> Run:
        """`Training.clone`: the same settings over the photos as they are corrected by now.

        Args:
            split_by: what the photos are split by from now on, as in `RunConfig`; "" for as before.

        Raises:
            TransferError: as there.
        """
        return self._training.clone(name, {"split_by": split_by} if split_by else {})

    def copy(self, name: str, file: Path) -> Path:
        """The photos of a run's folder as they are corrected by now, as a zip.

        Args:
            file: where to.

        Raises:
            TransferError: when there is no such run, its folder is gone, or the disk is full.
        """
        config = self._runs.get(name).config_at()
        if not file.parent.is_dir():
            raise ConfigError(
                "The zip cannot be written there.", expected="a file in a folder that is there", found=str(file)
            )
        dataset = self._check(config.photos, seed=config.seed, split_by=config.split_by)
        there = (dataset.path(photo) for photo in dataset.photos)
        needed = sum(path.stat().st_size for path in there if path.is_file())
        disk.require(file.parent, needed, "There is no room for a copy of the photos.", "Then try again.")
        with disk.in_words(file.parent):
            write_copy(dataset, file)
        return file

    def _photos(self, run: Run, paths: Iterable[str]) -> list[tuple[str, str]]:
        """Path and digest of photos of a run, those left out before included."""
        known = {photo.path: photo.digest for photo in run.dataset.photos}
        known |= {each.path: each.digest for each in self.corrections(run).all.values() if each.path not in known}
        wanted = list(paths)
        if missing := [path for path in wanted if path not in known]:
            raise ConfigError(
                f"“{run.name}” has no photo “{missing[0][:200]}”.",
                expected="paths as they stand in the lists, from the photo folder on",
                fix=f"python -m transfer review {run.id} lists them.",
            )
        return [(path, known[path]) for path in wanted]
