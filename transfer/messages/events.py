"""Events: what happens in a run or a study, in the order in which its log tells it.

How the work ended is in `endings`, what only a study tells in `measurements`. A new kind of event is a class here or
there, whoever tells it and whoever shows it. Fields may be added with a default; a kind or a field that a version has
written keeps its name. Writing and reading the log is `runs.event_log`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from transfer.messages.message import Message


@dataclass(frozen=True, kw_only=True)
class Event(Message):
    """Something that happened.

    Attributes:
        time: unix seconds; set when it is written.
    """

    tag = "event"
    time: float = 0.0

    @classmethod
    def from_dict(cls, data: Any) -> Self | None:
        """As `Message.from_dict`; version 0.1 called a message its words."""
        if isinstance(data, dict) and "words" in data:
            data = {"message": data["words"], **data}
        return super().from_dict(data)


@dataclass(frozen=True, kw_only=True)
class Launched(Event):
    """The supervisor starts a worker. Told before, so that one that dies at once is not started for ever, and once more
    when its process is known.

    Attributes:
        pid, began: the worker's process, and the unix time at which that began; None before it is known.
    """

    kind: ClassVar[str] = "launched"
    pid: int | None = None
    began: float | None = None


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """A worker is at it: on which device, and after how many epochs, when it goes on from a checkpoint."""

    kind: ClassVar[str] = "started"
    device: str
    resumed_from: int | None = None


@dataclass(frozen=True, kw_only=True)
class Progressed(Event):
    """How far a stretch of work is.

    Attributes:
        stage: loading, features, train, validate, evaluate, refine or export.
        message: what is happening, for people.
        done, total: in `unit`s, photos or steps.
        photos_per_second, eta_seconds: of late; None while unknown.
        memory_mb: main memory of the worker, 2**20 bytes.
    """

    kind: ClassVar[str] = "progress"
    stage: str
    message: str
    done: int
    total: int
    unit: str = "photos"
    photos_per_second: float | None = None
    eta_seconds: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseBegun(Event):
    """A phase (head or fine_tune) begins to train."""

    kind: ClassVar[str] = "phase"
    phase: str
    epochs: int
    learning_rate: float
    trainable_parameters: int
    photos: int


@dataclass(frozen=True, kw_only=True)
class EpochEnded(Event):
    """An epoch is over.

    Attributes:
        phase: head or fine_tune; `epoch` counts within it from 1, `step` over both phases.
        loss, accuracy: on the training photos; `val_loss`, `val_accuracy` on the validation photos, None without.
        seconds, photos_per_second: of training alone and the validation pass together, and of training.
        partial: it was broken off, and counts for no curve.
        best: its weights are the best so far.
    """

    kind: ClassVar[str] = "epoch"
    phase: str
    epoch: int
    step: int
    loss: float
    accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    learning_rate: float | None = None
    seconds: float | None = None
    photos_per_second: float | None = None
    memory_mb: float | None = None
    partial: bool = False
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """Settings are others from an epoch on, as somebody asked. Told before that epoch begins.

    Attributes:
        step: the first epoch in which they are, counted over both phases from 1.
        settings, before: as in `RunConfig`, as they are from then on, and as they were.
        asked: the `time` of the request that is answered by this.
    """

    kind: ClassVar[str] = "changed"
    step: int
    settings: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    asked: float = 0.0


@dataclass(frozen=True, kw_only=True)
class EarlyStopped(Event):
    """A phase ended before its last epoch, because it no longer improved."""

    kind: ClassVar[str] = "early_stopped"
    phase: str
    epoch: int
    best_epoch: int


@dataclass(frozen=True, kw_only=True)
class Skipped(Event):
    """A photo could not be read although it could when the photos were checked."""

    kind: ClassVar[str] = "skipped"
    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Noticed(Event):
    """Something the user should know although it stops nothing."""

    kind: ClassVar[str] = "notice"
    title: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Evaluated(Event):
    """The model was measured; all of it is in `runs.metrics`."""

    kind: ClassVar[str] = "evaluated"
    split: str
    accuracy: float
    low: float
    high: float
    baseline: float
    photos: int


@dataclass(frozen=True, kw_only=True)
class Refined(Event):
    """A second head was computed; it stands for the first one where it is `taken`.

    Attributes:
        photos: validation photos that both were tried on; `before` and `after` are how many each named right.
        share: what the inner depths of the network count beside the last one, 0 to 1.
        mirrored: whether an answer is for the photo and its mirror image together.
        penalty: on large weights, relative.
        seconds: that it took.
    """

    kind: ClassVar[str] = "refined"
    taken: bool
    photos: int
    before: int
    after: int
    share: float
    mirrored: bool
    penalty: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Exported(Event):
    """The model was written and found to say what the app says; `zip` is relative to the run directory."""

    kind: ClassVar[str] = "exported"
    format: str
    zip: str
    megabytes: float
    milliseconds_per_photo: float | None = None
    max_difference: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Spent(Event):
    """What the work on a run took that began anew, told before its end; see `costs.cost`.

    Attributes:
        seconds: by stage, as in `Progressed`. What frozen layers were looking at photos is "features", validation is
            part of "train", what was loaded after the last round of "export"; engines are translated only once, which
            does not count.
        memory_mb: the most main memory that the worker held in each, 2**20 bytes.
        looked: photos, or variations of them, that the frozen layers looked at.
        stored: bytes of what was kept of that.
    """

    kind: ClassVar[str] = "spent"
    seconds: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)
    looked: int = 0
    stored: int = 0
