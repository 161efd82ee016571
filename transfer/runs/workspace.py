"""A workspace is a folder that holds runs, studies, uploaded and drawn photos, and what is remembered between runs."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock

from transfer import disk
from transfer.config import RunConfig
from transfer.dataset.corrections import Corrections
from transfer.dataset.dataset import Dataset
from transfer.errors import RunError
from transfer.feature_store.store import FeatureStore
from transfer.home import expanded
from transfer.runs.bin import Bin
from transfer.runs.cost_file import CostFile
from transfer.runs.index import RunIndex
from transfer.runs.job import Job
from transfer.runs.leftovers import hidden, sweep
from transfer.runs.queue import Queue
from transfer.runs.run import Run
from transfer.runs.status import ALIVE
from transfer.runs.study import Study, StudyConfig
from transfer.runs.summary import Summary


class Workspace:
    """One workspace; its folders are made when first needed.

    Attributes:
        changed: set when this program added a run or put one back in the queue: its supervisor looks at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = expanded(path).resolve()
        self.changed = threading.Event()

    @classmethod
    def of(cls, job: Job) -> Workspace:
        """The workspace a run or a study lies in."""
        return cls(job.path.parent.parent)

    @classmethod
    def default(cls) -> Workspace:
        """`Transfer` in the home folder: where people look for what they made."""
        return cls(Path.home() / "Transfer")

    # ------------------------------------------------------------------ places

    @property
    def runs_dir(self) -> Path:
        return self._made("runs")

    @property
    def studies_dir(self) -> Path:
        """What was measured before training."""
        return self._made("studies")

    @property
    def photos_dir(self) -> Path:
        """Uploaded archives, unpacked, and the built-in sample photos."""
        return self._made("photos")

    @property
    def networks_dir(self) -> Path:
        """Uploaded `.keras` files; runs may refer to them."""
        return self._made("networks")

    def corrections(self, photos: str | Path) -> Corrections:
        """What people decided about single photos of a folder."""
        return Corrections(self.path / "corrections", photos)

    @property
    def cache_dir(self) -> Path:
        """What can be computed again."""
        return self._made("cache")

    @property
    def photo_memory(self) -> Path:
        """The database in which `dataset.scan` remembers which photos it has already checked."""
        return self.cache_dir / "photos.sqlite"

    @property
    def standby_log(self) -> Path:
        """What a worker says that has no run yet."""
        return self.path / "cache" / "standby.log"

    @property
    def index(self) -> RunIndex:
        """What lists say of the runs that are over."""
        return RunIndex(self.path / "cache" / "runs.json")

    @property
    def costs(self) -> CostFile:
        """What runs took on this machine."""
        return CostFile(self.path / "cache" / "costs.json")

    @property
    def features(self) -> FeatureStore:
        """What the frozen parts of networks said about photos, for all runs."""
        return FeatureStore(self.cache_dir / "features")

    @property
    def engines_dir(self) -> Path:
        """Frozen parts of networks, translated for the processor.

        The place itself where it is a link: OpenVINO knows what it compiled by the path.
        """
        return (self.cache_dir / "engines").resolve()

    @property
    def supervisor_lock(self) -> FileLock:
        """Held by the one process that starts workers here."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path / "supervisor.lock", thread_local=False)

    @property
    def trial_lock(self) -> FileLock:
        """Held by the one that tries what a run takes; two at once would measure each other."""
        return FileLock(self.cache_dir / "trial.lock", thread_local=False)

    def _made(self, name: str) -> Path:
        folder = self.path / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as trouble:  # one that can only be read is listed all the same
            if not disk.is_read_only(trouble):
                raise
        return folder

    def sweep(self) -> None:
        """Remove what processes that were killed left half written; whoever leads the workspace does, at its start."""
        with contextlib.suppress(OSError):  # it can only be read, or somebody is faster
            folders = (self.runs_dir, self.studies_dir, self.photos_dir, self.networks_dir, self.engines_dir)
            for folder in (*folders, self.cache_dir):
                sweep(folder)
            for run in self.runs():
                run.sweep()
            self.features.sweep()

    # ------------------------------------------------------------------ runs

    def create(self, config: RunConfig, dataset: Dataset) -> Run:
        """Freeze config and split in a new run directory. The run waits in the queue from then on."""
        name = config.name or f"{Path(config.photos).name}-{Path(config.backbone).stem}"
        with disk.in_words(self.path):
            path = _freeze(self.runs_dir, name, config.to_dict(), dataset)
            self.queue.append(path.name)
        self.changed.set()
        return Run(path)

    def create_study(self, config: StudyConfig, dataset: Dataset) -> Study:
        """The same for a study; it comes before the runs that wait, because what it finds may change them."""
        name = f"{Path(config.run.photos).name}-{config.kind}"
        with disk.in_words(self.path):
            path = _freeze(self.studies_dir, name, config.to_dict(), dataset)
            Queue(self.studies_dir).append(path.name)
        self.changed.set()
        return Study(path)

    def studies(self) -> list[Study]:
        """All studies, newest first."""
        return [Study(path) for path in _whole(self.studies_dir)]

    def jobs(self) -> list[Job]:
        """All that a worker can be at."""
        return [*self.studies(), *self.runs()]

    def runs(self) -> list[Run]:
        """All runs, newest first. A folder with a dot before its name is one still being made: no run yet."""
        return [Run(path) for path in _whole(self.runs_dir)]

    @property
    def bin(self) -> Bin:
        """The runs that were thrown away."""
        return Bin(self.path / "bin", self.runs_dir)

    @property
    def queue(self) -> Queue:
        """The order in which the waiting runs will start."""
        return Queue(self.runs_dir)

    def waiting(self, among: Iterable[Job] | None = None) -> list[Job]:
        """The studies and runs that wait, the next one first; only those of `among`, where others are known not to."""
        jobs = {job.path: job for job in (self.jobs() if among is None else among)}
        return [
            jobs[folder / each]
            for folder in (self.studies_dir, self.runs_dir)
            for each in Queue(folder).waiting([path.name for path in jobs if path.parent == folder])
        ]

    def summaries(self) -> list[Summary]:
        """What lists say of all runs, newest first; one that is damaged says so."""
        return self.index.summaries(self.runs())

    def active(self) -> Job | None:
        """The run or the study a worker is at right now, if any."""
        studies = (study for study in self.studies() if study.sound and study.status().alive)
        runs = (Run(Path(each.run)) for each in self.summaries() if each.status in ALIVE)
        return next(itertools.chain(studies, runs), None)

    def run(self, name: str) -> Run:
        """The run with this id, the unambiguous beginning or part of one, or this path.

        Raises:
            RunError: when there is none, or more than one.
        """
        for path in (self.runs_dir / name, expanded(name)):
            if name and os.path.isfile(path / "config.json"):  # noqa: PTH113 - Path.is_file raises for an over-long name
                return Run(path)
        matches = [run for run in self.runs() if name and name in run.id]
        if len(matches) == 1:
            return matches[0]
        raise RunError(
            f"“{name}” names {'more than one run' if matches else 'no run'}.",
            expected=f"the name of one run in {self.runs_dir}",
            found=", ".join(run.id for run in matches[:5]) or "none that matches",
            fix="Copy the name from the list of runs (python -m transfer runs).",
        )


def _freeze(folder: Path, name: str, config: dict[str, Any], dataset: Dataset) -> Path:
    """A new directory with what was chosen."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40] or "run"
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{slug}-{secrets.token_hex(2)}"
    unfinished = hidden(path)
    unfinished.mkdir()
    try:
        (unfinished / "dataset.json").write_text(json.dumps(dataset.to_dict()), encoding="utf-8")
        (unfinished / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(path)  # now it exists, whole
    return path


def _whole(folder: Path) -> list[Path]:
    """The directories that `_freeze` made there, newest first."""
    if not folder.is_dir():
        return []
    place = str(folder)
    names = (name for name in os.listdir(folder) if name[0] != "." and os.path.isfile(f"{place}/{name}/config.json"))  # noqa: PTH113, PTH208 - the quicker way
    return [folder / name for name in sorted(names, reverse=True)]
