"""Training, as a person steers it: begin, pause, change, stop, go on. A worker does it, which the supervisor starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transfer import disk
from transfer.commands.networks import Networks
from transfer.commands.runs import Runs
from transfer.commands.settings import counted, trainable
from transfer.config import RunConfig
from transfer.costs.space import run_bytes
from transfer.dataset.dataset import Dataset
from transfer.dataset.roots import Roots
from transfer.networks import weights
from transfer.networks.default import default_backbone
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace

Progress = Callable[[int, int], None]  # told how many photos of how many


class Training:
    """Args:
    workspace: where runs are made.
    runs: finds them.
    roots: the folders that photos may lie in.
    networks: the networks that can be chosen.
    check: looks at a photo folder.
    """

    def __init__(
        self, workspace: Workspace, runs: Runs, roots: Roots, networks: Networks, check: Callable[..., Dataset]
    ) -> None:
        self._workspace, self._runs = workspace, runs
        self._roots, self._networks, self._check = roots, networks, check

    def config(self, settings: Mapping[str, Any]) -> RunConfig:
        """What `begin` would train, without a look at the photos; see there."""
        return trainable(settings, self._roots, self._networks)

    def config_for(self, settings: Mapping[str, Any], dataset: Dataset) -> RunConfig:
        """What `begin` would train once the photos were looked at, without another look at them; see there.

        Where no network is chosen, the one that is taken follows from their number: how long each takes does.
        """
        name = settings.get("backbone") or default_backbone(len(dataset.photos))
        return self.config({**settings, "backbone": name})

    def begin(self, settings: Mapping[str, Any], *, progress: Progress | None = None) -> Run:
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
        dataset = self._check(config.photos, seed=config.seed, split_by=config.split_by, progress=progress)
        if not settings.get("backbone"):
            config = self.config_for(settings, dataset)
            weights.require(config)
        self._require_room(config, dataset, "this run", "Then press Train again, or choose a smaller network.")
        return self._workspace.create(config, dataset)

    def clone(self, name: str, changes: Mapping[str, Any] | None = None) -> Run:
        """`begin` once more with the settings of a run, those that it was changed to, but for some.

        Args:
            changes: the others; one left empty that cannot be is as in that run.

        Raises:
            TransferError: when there is no such run, or as `begin`.
        """
        run = self._runs.get(name)
        called = f"{run.name[:190]} (copy)" if run.notes.name or run.config.name else ""
        return self.begin({**run.config_at().to_dict(), "name": called, **RunConfig.given(changes or {})})

    def resume(self, name: str, changes: Mapping[str, Any] | None = None) -> Run:
        """Put an interrupted or paused run back in the queue, to go on from its last checkpoint.

        Args:
            changes: settings that are others from now on, as text or as values; see `runs.changes.ON_RESUME`.

        Raises:
            TransferError: when there is no such run, it is neither interrupted nor paused, it cannot go on with such
                settings, or there is no room on the disk for the rest of it.
        """
        run = self._runs.get(name)
        self._require_room(run.config, run.dataset, "the rest of this run", "Then resume it.")
        run.request_resume(changes)
        self._workspace.changed.set()
        return run

    def pause(self, name: str) -> Run:
        """Ask a run to leave for a while and give its memory back; `resume` lets it go on exactly where it was.

        Raises:
            RunError: when there is no such run, or it neither trains nor waits.
        """
        run = self._runs.get(name)
        run.request_pause()
        return run

    def change(self, name: str, settings: Mapping[str, Any]) -> Run:
        """Ask for other settings of a run from its next round on.

        Args:
            settings: some of `runs.changes.LIVE`, as text or as values.

        Raises:
            TransferError: when there is no such run, it has no round to come, or one cannot be changed to that.
        """
        run = self._runs.get(name)
        if settings.get("frozen_layers") not in (None, ""):  # more than there are is all of them
            config = RunConfig.from_dict({**run.config.to_dict(), "frozen_layers": settings["frozen_layers"]})
            layers = len(self._networks.layers(config.backbone, config.alpha))
            settings = {**settings, "frozen_layers": counted(config, layers).frozen_layers}
        run.request_change(settings)
        return run

    def stop(self, name: str) -> Run:
        """Ask a run to end at the next step and keep its best state; one that waits leaves the queue.

        Raises:
            RunError: when there is no such run.
        """
        run = self._runs.get(name)
        run.request_stop()
        return run

    def _require_room(self, config: RunConfig, dataset: Dataset, what: str, fix: str) -> None:
        needed = run_bytes(config, dataset)
        disk.require(self._workspace.path, needed, f"There is not enough room on the disk for {what}.", fix)
