"""Questions to the prediction server, each with the kind of its answer.

A new question is a class here and a function in `learning.prediction_server` that answers it. What a run keeps on disk
anyway, such as metrics, is not sent a second time: who asks reads the run directory afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from transfer.errors import TransferError
from transfer.messages.message import Message, adapter
from transfer.networks.layers import Layer

A = TypeVar("A")


@dataclass(frozen=True, kw_only=True)
class Question(Message, Generic[A]):
    """Something asked; `answer` is the dataclass that says what comes back."""

    tag = "question"
    answer: ClassVar[type[Any]]

    def read(self, data: Any) -> A:
        """The answer from plain data.

        Raises:
            ValueError: when it is none.
        """
        answer: A = adapter(self.answer).validate_python(data)
        return answer


@dataclass(frozen=True)
class Done:
    """It was done; what came of it is in the run directory."""


@dataclass(frozen=True)
class Machine:
    """What training would run on, in words and as the names of the GPUs."""

    description: str
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhotoAnswer:
    """What the model says about one photo.

    Attributes:
        path: as it was asked for.
        classes: (label, probability 0 to 1), most probable first; empty when the photo could not be read.
        possible: the labels that it may be, in 9 of 10 cases, most probable first; empty where that is not known.
        unfamiliar: whether it is unlike everything the model has learned; None where that is not known.
        nearest: (path, label) of the photos most like it that the model learned from, the nearest first.
        error: why not, as `TransferError.to_dict` gave it; None otherwise.
    """

    path: str
    classes: tuple[tuple[str, float], ...] = ()
    possible: tuple[str, ...] = ()
    unfamiliar: bool | None = None
    nearest: tuple[tuple[str, str], ...] = ()
    error: dict[str, str] | None = None

    @property
    def as_error(self) -> TransferError | None:
        return None if self.error is None else TransferError.from_dict(self.error)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, for people's own programs: classes, or an error in words and what to do."""
        error = self.as_error
        if error is None:
            told = {"possible": list(self.possible), "unfamiliar": self.unfamiliar}
            nearest = [{"photo": photo, "class": label} for photo, label in self.nearest]
            return {"path": self.path, "classes": [list(each) for each in self.classes], **told, "nearest": nearest}
        return {"path": self.path, "error": f"{error.what} {error.found}".strip(), "fix": error.fix}


@dataclass(frozen=True)
class PhotoAnswers:
    """The answers in the order asked, and the milliseconds they took together."""

    photos: tuple[PhotoAnswer, ...]
    milliseconds: float


@dataclass(frozen=True)
class HeatMaps:
    """Which places of a photo speak for which class (see `learning.analysis.heat_map`).

    Attributes:
        path: of the photo, as it was asked for.
        maps: what each place adds to the score of a class, in rows from the top, by the class's name. The places cover
            the whole photo. Below zero: it speaks against it.
        error: why the photo could not be read, as `TransferError.to_dict` gave it.
        ready: False: there are no maps yet, ask again.
    """

    path: str
    maps: dict[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)
    error: dict[str, str] | None = None
    ready: bool = True


@dataclass(frozen=True)
class NetworkDescription:
    """The layers of a model file, and the photo size it is made for (None: any)."""

    layers: tuple[Layer, ...]
    image_size: int | None


@dataclass(frozen=True, kw_only=True)
class DescribeMachine(Question[Machine]):
    """What would training run on?"""

    kind: ClassVar[str] = "machine"
    answer: ClassVar[type[Any]] = Machine


@dataclass(frozen=True, kw_only=True)
class DescribeNetwork(Question[NetworkDescription]):
    """What is in a .keras file?"""

    kind: ClassVar[str] = "network"
    answer: ClassVar[type[Any]] = NetworkDescription
    file: str


@dataclass(frozen=True, kw_only=True)
class GetReady(Question[Done]):
    """Get a run's model ready in the background, so that `Predict` is answered at once."""

    kind: ClassVar[str] = "get ready"
    answer: ClassVar[type[Any]] = Done
    run: str


@dataclass(frozen=True, kw_only=True)
class Predict(Question[PhotoAnswers]):
    """What is on these photos, in the eyes of a run's model? `top` classes of each; None for all."""

    kind: ClassVar[str] = "predict"
    answer: ClassVar[type[Any]] = PhotoAnswers
    run: str
    images: tuple[str, ...]
    top: int | None = 5


@dataclass(frozen=True, kw_only=True)
class Explain(Question[HeatMaps]):
    """Which places of a photo speak for these classes? Not `wait`: only where that is said at once."""

    kind: ClassVar[str] = "explain"
    answer: ClassVar[type[Any]] = HeatMaps
    run: str
    image: str
    labels: tuple[str, ...]
    wait: bool = True


@dataclass(frozen=True, kw_only=True)
class Evaluate(Question[Done]):
    """Measure a run's model again; then `Run.metrics` has it."""

    kind: ClassVar[str] = "evaluate"
    answer: ClassVar[type[Any]] = Done
    run: str


@dataclass(frozen=True, kw_only=True)
class ReviewPhotos(Question[Done]):
    """Which photos of a run are worth a second look? Then `Run.review` has it."""

    kind: ClassVar[str] = "review photos"
    answer: ClassVar[type[Any]] = Done
    run: str


@dataclass(frozen=True, kw_only=True)
class Export(Question[Done]):
    """Write a run's model in a format; then `Run.exported` has it."""

    kind: ClassVar[str] = "export"
    answer: ClassVar[type[Any]] = Done
    run: str
    format: str


@dataclass(frozen=True, kw_only=True)
class Summarize(Question[Done]):
    """Write what TensorBoard shows of a run into a folder."""

    kind: ClassVar[str] = "summarize"
    answer: ClassVar[type[Any]] = Done
    run: str
    folder: str
