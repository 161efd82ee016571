"""The outlook of a run: what it will take, what there is, and what to change where that is not enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from transfer import disk
from transfer.advice.notice import Notice
from transfer.commands.runs import Runs
from transfer.commands.training import Training
from transfer.commands.trial import require_idle, trial
from transfer.config import RunConfig
from transfer.costs.estimate import Estimate, estimate
from transfer.costs.fitting import SPARE, less, offers
from transfer.costs.room import free_memory_mb
from transfer.costs.space import run_bytes
from transfer.dataset.dataset import Dataset
from transfer.networks import weights
from transfer.runs.progress import duration, roughly
from transfer.runs.workspace import Workspace

OFFERED = ("batch_size", "image_size", "backbone")


@dataclass(frozen=True)
class Outlook:
    """What is to be expected.

    Attributes:
        estimate: what the run will take.
        memory_mb, disk: what is free of them, 2**20 bytes and bytes.
        offers: settings that would fit, each enough by itself; empty where everything fits, or nothing would.
    """

    estimate: Estimate
    memory_mb: float
    disk: int
    needed_disk: int
    offers: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, workspace: Workspace, config: RunConfig, dataset: Dataset) -> Outlook:
        known, memory, room = workspace.costs.read(), free_memory_mb(), disk.free(workspace.path)
        needed = estimate(config, dataset, known)
        outlook = cls(needed, memory, room, max(needed.disk, run_bytes(config, dataset)), ())
        if outlook.fits:
            return outlook
        found = offers(config, dataset, known, memory, room, OFFERED)
        return cls(needed, memory, room, outlook.needed_disk, tuple(found))

    @property
    def fits(self) -> bool:
        """Whether there is enough of everything."""
        return self._fits_memory and self.needed_disk <= self.disk

    @property
    def _fits_memory(self) -> bool:
        return self.estimate.memory_mb <= SPARE * self.memory_mb

    def rows(self) -> list[tuple[str, str]]:
        """Time, memory and disk in words."""
        found = self.estimate
        if found.measured:
            takes = f"{'at most ' if found.at_most else ''}about {duration(found.seconds)} (measured on this machine)"
        else:
            why = "a rough guess: nothing like it was measured here yet"
            takes = f"about {roughly(found.seconds)} on an idle machine ({why})"
        return [
            ("Takes", takes),
            ("Memory", f"about {_gigabytes(found.memory_mb)}; {_gigabytes(self.memory_mb)} free"),
            ("Disk", f"about {disk.megabytes(found.disk)}; {disk.megabytes(self.disk)} free"),
        ]

    def notices(self) -> list[Notice]:
        """What there is not enough of."""
        fix = "Choose one of the settings below that would fit." if self.offers else "Choose a smaller network."
        found = []
        if not self._fits_memory:
            needed, free = _gigabytes(self.estimate.memory_mb), _gigabytes(self.memory_mb)
            message = (
                f"Training would take about {needed} of main memory (RAM); {free} are free, and some must stay so."
            )
            found.append(Notice("warning", "This does not fit in the memory of this machine.", message, fix))
        if self.needed_disk > self.disk:
            message = f"It would take {disk.megabytes(self.needed_disk)}, and {disk.megabytes(self.disk)} are free."
            found.append(Notice("warning", "There is not enough room on the disk.", message, f"Make room. {fix}"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, for people's own programs."""
        return {
            "seconds": round(self.estimate.seconds, 1),
            "stages": self.estimate.stages,
            "at_most": self.estimate.at_most,
            "measured": self.estimate.measured,
            "memory_mb": self.estimate.memory_mb,
            "memory_free_mb": round(self.memory_mb, 1),
            "disk_bytes": self.estimate.disk,
            "disk_free_bytes": self.disk,
            "fits": self.fits,
            "offers": list(self.offers),
        }


def _gigabytes(size: float) -> str:
    """MB as GB, both of powers of two."""
    return f"{size / 2**10:.1f} GB"


class Outlooks:
    """Args:
    workspace: where runs are made, and what earlier ones took is remembered.
    runs: finds them.
    training: knows what it would train.
    check: looks at a photo folder.
    """

    def __init__(
        self,
        workspace: Workspace,
        runs: Runs,
        training: Training,
        check: Callable[..., Dataset],
    ) -> None:
        self._workspace, self._runs, self._training, self._check = workspace, runs, training, check

    def of(self, settings: Mapping[str, Any], dataset: Dataset | None = None) -> Outlook:
        """What `Training.begin` with these settings would take, and whether there is as much.

        Args:
            settings: as there.
            dataset: the photos, where they were just checked.

        Raises:
            TransferError: as there.
        """
        return Outlook.of(self._workspace, *self._meant(settings, dataset))

    def _meant(self, settings: Mapping[str, Any], dataset: Dataset | None) -> tuple[RunConfig, Dataset]:
        """What `Training.begin` would make of it."""
        if dataset is None:
            config = self._training.config(settings)
            dataset = self._check(config.photos, seed=config.seed, split_by=config.split_by)
        return self._training.config_for(settings, dataset), dataset

    def measured(
        self,
        settings: Mapping[str, Any],
        dataset: Dataset | None = None,
        *,
        look: Callable[[], object] = lambda: None,
    ) -> Outlook:
        """The same, after a few photos and rounds were tried; takes about half a minute.

        Args:
            settings, dataset: as for `of`.
            look: called again and again meanwhile; what it raises ends the trial.

        Raises:
            TransferError: as `of`; `MemoryShort` when memory ran out; `RunError` while anything else trains or is
                measured, or once a run begins.
        """
        require_idle(self._workspace)
        config, dataset = self._meant(settings, dataset)
        weights.require(config)
        trial(self._workspace, config, dataset, look)
        return Outlook.of(self._workspace, config, dataset)

    def smaller(self, name: str) -> dict[str, Any]:
        """What a run whose memory ran out could go on with; empty for any other.

        Raises:
            RunError: when there is no such run.
        """
        run = self._runs.get(name)
        if not run.out_of_memory:
            return {}
        half, known, room = less(run.config), self._workspace.costs.read(), disk.free(self._workspace.path)
        found = offers(run.config, run.dataset, known, free_memory_mb(), room, half)
        return min([half, *found], key=lambda change: list(change.values()))
