"""A run is a folder: what was chosen to train, how that went, and what came of it. A study is another kind of `job`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transfer import disk
from transfer.config import RunConfig
from transfer.errors import ConfigError, MemoryShort, RunError
from transfer.messages.endings import Died, Interrupted, Resumed
from transfer.messages.events import Changed, EarlyStopped, EpochEnded, PhaseBegun, Progressed
from transfer.messages.requests import Change, Pause, Request
from transfer.runs import changes
from transfer.runs.exported import ExportedModel
from transfer.runs.history import history
from transfer.runs.job import Job, shortened
from transfer.runs.last_words import lacked_memory
from transfer.runs.leftovers import sweep
from transfer.runs.metrics import Metrics
from transfer.runs.notes import LONGEST_NAME, Notes
from transfer.runs.review import Review
from transfer.runs.whole_file import write_whole

if TYPE_CHECKING:
    import pandas as pd


class Run(Job):
    """One run directory.

    Args:
        path: the directory; `Workspace.create` makes new ones.

    Raises:
        RunError: when there is no run there.
    """

    kind = "run"
    where = "Choose one from the list of past runs (python -m transfer runs)."
    doing = "Training"
    keeps = "the best state so far"

    # ------------------------------------------------------------------ places

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.npz"

    @property
    def evaluation_dir(self) -> Path:
        return self.path / "evaluation"

    @property
    def metrics_file(self) -> Path:
        return self.evaluation_dir / "metrics.json"

    @property
    def review_file(self) -> Path:
        return self.evaluation_dir / "review.json"

    @property
    def exports_dir(self) -> Path:
        return self.path / "exports"

    @property
    def model_file(self) -> Path:
        """The trained model as Keras saves it; there once the run has written its first export."""
        return self.exports_dir / "keras" / "model.keras"

    @property
    def trust_file(self) -> Path:
        """What the model knows of its own limits, as `learning.analysis.trust` keeps it; not there in earlier runs."""
        return self.path / "trust.npz"

    def sweep(self) -> None:
        """Remove what processes that were killed left half written."""
        for folder in (self.path, self.evaluation_dir, self.exports_dir):
            sweep(folder)

    # ------------------------------------------------------------------ what was chosen

    @cached_property
    def config(self) -> RunConfig:
        return self._record(self.config_file, RunConfig.from_dict)

    @property
    def name(self) -> str:
        """The name the user gave, at first or later, or one made from the photo folder and the backbone."""
        made = f"{Path(self.config.photos).name} · {Path(self.config.backbone).stem}"
        return shortened(self.notes.name or self.config.name or made, LONGEST_NAME)

    @property
    def notes(self) -> Notes:
        """What people added to it."""
        return Notes.of(self.path)

    def size(self) -> int:
        """Bytes it takes on the disk."""
        taken = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):  # gone since it was listed
                    taken += os.lstat(f"{folder}/{name}").st_size
        return taken

    def config_at(self, step: int | None = None) -> RunConfig:
        """What is in force in an epoch, counted over both phases; None: by now, with every change so far."""
        return changes.in_force(self.config, self.log.all(Changed), step)

    # ------------------------------------------------------------------ what happened

    def history(self) -> pd.DataFrame:
        """One row per completed epoch; see `runs.history`."""
        return history(self.log.all(EpochEnded))

    def metrics(self) -> Metrics | None:
        """How good the model is, or None before it was evaluated.

        Raises:
            RunError: when the file is damaged.
        """
        return self._record(self.metrics_file, Metrics.from_dict) if self.metrics_file.exists() else None

    def review(self) -> Review | None:
        """Which of its photos are worth a second look, or None before that was asked.

        Since it was measured anew, nothing is known of what the score owes to photos that are alike.
        """
        try:
            written, measured = (file.stat().st_mtime_ns for file in (self.review_file, self.metrics_file))
            review = Review.from_dict(json.loads(self.review_file.read_bytes()))
            return review if written >= measured else dataclasses.replace(review, leak=None)
        except (OSError, ValueError):  # it can be made again
            return None

    def exported(self, format: str) -> ExportedModel | None:
        """The model in a format, or None before it was exported."""
        return ExportedModel.find(self.exports_dir, format)

    def version(self) -> tuple[Any, ...]:
        """Changes whenever the screen could: the size of the log, the state, the results."""
        status = self.status()
        asked = len(self.mailbox.read())
        results = [_written(file) for file in (self.metrics_file, self.review_file)]
        return (self.id, self.log.size(), asked, status.state, status.place, *results)

    # ------------------------------------------------------------------ how it is doing

    @property
    def resumable(self) -> bool:
        """Whether it can go on: paused, interrupted, or failed after a checkpoint, which other settings may help."""
        state = self.status().state
        return state in {"paused", "interrupted"} or (state == "failed" and self.checkpoint.is_file())

    @property
    def out_of_memory(self) -> bool:
        """Whether it was interrupted because memory ran out, as far as anybody can tell."""
        last = self.log.last()
        if isinstance(last, Died):
            return lacked_memory(last.exit_code, last.log_tail)
        return isinstance(last, Interrupted) and isinstance(last.as_error, MemoryShort)

    def request_pause(self) -> None:
        """Ask it to leave for a while, as soon as little is lost; one that waits leaves the queue.

        Raises:
            RunError: when it is over, or trained already: what is left of it is over sooner than it would be gone on
                with.
        """
        fix = "Nothing needs to be done." if self.status().alive else "Choose a run that trains or waits."
        self._require(self.pausable, "cannot be paused", "a run that waits or has rounds to come", fix)
        self._ask(Pause())

    def _is_asked(self, kind: type[Request]) -> bool:
        return super()._is_asked(kind) and not (kind is Pause and self._has_trained)  # that came too late

    @property
    def pausable(self) -> bool:
        """Whether it waits, or is at work on something that it can leave for a while."""
        status = self.status()
        return status.state == "queued" or (status.alive and not self._has_trained)

    def request_change(self, settings: Mapping[str, Any]) -> None:
        """Ask for other settings from the next epoch on, also of one that waits, is paused or was interrupted.

        Args:
            settings: some of `changes.LIVE`, as text or as values.

        Raises:
            RunError: when it has no epoch to come.
            ConfigError: when one cannot be changed, or not to that, or all are as they were.
        """
        fix = "Clone it with these settings, as another run."
        self._require(self.changeable, "cannot be changed any more", "a run with rounds still to come", fix)
        config = self.config_at()
        for asked in self.pending_changes():
            with contextlib.suppress(ConfigError):
                config = dataclasses.replace(config, **self._changes(config, asked.settings))
        others = self._changes(config, settings)
        if not others:
            raise ConfigError(
                "Nothing was changed.",
                expected="another value than the one in force",
                found=", ".join(f"{name} {value}" for name, value in settings.items()) or "no setting",
                fix="Change a value, then apply it.",
            )
        with disk.in_words(self.path):
            self.mailbox.send(Change(settings=others))

    @property
    def changeable(self) -> bool:
        """Whether there may be an epoch to come, as far as anybody can know who does not train it."""
        state = self.status().state
        return state in {"queued", "running", "pausing", "paused", "interrupted"} and not self._has_trained

    @property
    def _has_trained(self) -> bool:
        """Whether nothing is left but to measure and to write the model, as far as its worker told."""
        newest = self.log.newest(Progressed)
        return newest is not None and newest.stage in {"evaluate", "refine", "export"}

    @property
    def head_is_over(self) -> bool:
        """Whether the new layers have learned, as far as the log tells: its next phase may not have begun."""
        begun = self.log.newest(PhaseBegun)
        if (begun and begun.phase != "head") or any(each.phase == "head" for each in self.log.all(EarlyStopped)):
            return True
        rounds = (each.epoch for each in self.log.all(EpochEnded) if each.phase == "head" and not each.partial)
        return max(rounds, default=0) >= self.config_at().head_epochs

    def _changes(self, config: RunConfig, settings: Mapping[str, Any]) -> dict[str, Any]:
        return changes.changed(config, settings, head_is_over=self.head_is_over)

    def changes(self) -> list[Changed]:
        """What was changed while it trained, oldest first."""
        return changes.sound(self.config, self.log.all(Changed))

    def pending_changes(self) -> list[Change]:
        """What was asked to be changed and is not in force yet."""
        answered = {change.asked for change in self.log.all(Changed)}
        return [each for each in self.mailbox.read() if isinstance(each, Change) and each.time not in answered]

    def request_resume(self, settings: Mapping[str, Any] | None = None) -> None:
        """Put an interrupted run back in the queue; it goes on from its last checkpoint.

        Args:
            settings: those among `changes.ON_RESUME` that are others from now on.

        Raises:
            RunError: when the run is not interrupted.
            ConfigError: when it cannot go on with these settings.
        """
        fix = "Start a new run with the same settings instead."
        self._require(self.resumable, "cannot be resumed", "a run that was interrupted or paused", fix)
        config = changes.resumed(self.config, settings or {})
        changed = {name: getattr(config, name) for name in changes.ON_RESUME if config != self.config}
        with disk.in_words(self.path), self.lock.acquire(timeout=10):
            if changed:
                created = self.config_file.stat()
                write_whole(self.config_file, json.dumps(config.to_dict(), indent=2))
                os.utime(self.config_file, ns=(created.st_atime_ns, created.st_mtime_ns))  # it tells when that was
                del self.config
            self._queue.append(self.id)
            self.mailbox.clear(keep=self.pending_changes())
            self.log.append(Resumed(changed=changed))  # last: now it waits

    def _require(self, possible: bool, what: str, expected: str, fix: str) -> None:
        if not possible:
            raise RunError(
                f"“{self.name}” {what}.",
                expected=expected,
                found=f"a run that is {self.status().state}",
                fix=fix,
            )


def _written(file: Path) -> int:
    """When, in nanoseconds; 0 where it is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
