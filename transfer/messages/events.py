"""Events: what happens in a run or a study, in the order in which its log tells it.

A new kind of event is a class here, whoever tells it and whoever shows it. Fields may be added with a default; a kind
or a field that a version has written keeps its name. Writing and reading the log is `runs.event_log`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from transfer.errors import TransferError
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


# ---------------------------------------------------------------------- what only a study tells


@dataclass(frozen=True, kw_only=True)
class Planned(Event):
    """What a study will do, step by step, and about how many seconds each step takes, foreseen from before."""

    kind: ClassVar[str] = "planned"
    steps: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepEnded(Event):
    """One step of a study's plan is over; each thing that can be measured, or left out, is a descendant.

    Attributes:
        step: as in the plan.
        seconds: that it took.
    """

    step: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class NetworkMeasured(StepEnded):
    """A network was tried on a part of the photos, frozen, with a linear probe upon its features.

    Attributes:
        backbone, alpha, image_size: as in `RunConfig`.
        accuracy: share of photos that a probe which did not learn from them named right; `low` to `high` is its 95 %
            interval.
        right: for each photo, in the same order for every network of the study, "1" if it was named right, else "0".
        photos_per_second: that the network looks at on this machine.
        megabytes: about the size of the exported model, 2**20 bytes.
        training_seconds: about what a first run over all photos takes, head only.
        features: how many numbers it says about a photo.
    """

    kind: ClassVar[str] = "network_measured"
    backbone: str
    alpha: float
    image_size: int
    accuracy: float
    low: float
    high: float
    right: str
    photos_per_second: float
    megabytes: float
    training_seconds: float
    features: int


@dataclass(frozen=True, kw_only=True)
class NetworkLeftOut(StepEnded):
    """A network was not measured, and why."""

    kind: ClassVar[str] = "network_left_out"
    backbone: str
    alpha: float
    image_size: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DepthMeasured(StepEnded):
    """Short runs with so many blocks unfrozen, each trained on a part of the photos and measured on the rest.

    Attributes:
        blocks: how many of the last blocks were unfrozen; 0 for the head only.
        frozen_layers, fine_tune_epochs, fine_tune_learning_rate: as in `RunConfig`; the rate came from a range test.
        parameters: of the network that were trained, without the head.
        accuracy: share of photos that a run which did not learn from them named right; `low` to `high` is its 95 %
            interval.
        right: for each photo, in the same order for every depth of the study, "1" if it was named right, else "0".
        training_seconds: that one of the short runs took, without looking at the photos.
    """

    kind: ClassVar[str] = "depth_measured"
    blocks: int
    frozen_layers: int | None
    fine_tune_epochs: int
    fine_tune_learning_rate: float | None
    parameters: int
    accuracy: float
    low: float
    high: float
    right: str
    training_seconds: float


@dataclass(frozen=True, kw_only=True)
class LearningRateMeasured(StepEnded):
    """A range test: the loss while the learning rate grew from step to step.

    Attributes:
        phase: head or fine_tune.
        rates: of the steps, growing.
        losses: at each of them, smoothed; cross-entropy, natural logarithm.
        low, high: between these the loss fell; None when it never did.
        suggestion: where it fell fastest, None when it never did.
        explodes: the rate from which on the loss was higher than at the start; None when it never was.
    """

    kind: ClassVar[str] = "learning_rate_measured"
    phase: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    low: float | None
    high: float | None
    suggestion: float | None
    explodes: float | None


# ---------------------------------------------------------------------- how it ends


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """Everything was done."""

    kind: ClassVar[str] = "finished"


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The user ended it; `model` says whether there is one."""

    kind: ClassVar[str] = "stopped"
    message: str
    model: bool = False


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """Something went wrong for good."""

    kind: ClassVar[str] = "failed"
    error: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: TransferError) -> Self:
        return cls(error=error.to_dict())

    @property
    def as_error(self) -> TransferError:
        return TransferError.from_dict(self.error)


@dataclass(frozen=True, kw_only=True)
class Interrupted(Failed):
    """Something went wrong that need not go wrong again; what was learned so far can be gone on from."""

    kind: ClassVar[str] = "interrupted"


@dataclass(frozen=True, kw_only=True)
class Died(Event):
    """The worker ended without saying how; the supervisor found it. `exit_code` is None when nobody can know."""

    kind: ClassVar[str] = "died"
    message: str
    exit_code: int | None = None
    log_tail: str = ""


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """The user put an interrupted run back in the queue; `changed` are settings of it that are others from now on."""

    kind: ClassVar[str] = "resume"
    changed: dict[str, Any] = field(default_factory=dict)
