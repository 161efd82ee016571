"""Questions and their answers cross the pipe as they were."""

import dataclasses
import json
from typing import Any

import pytest
from pydantic import ValidationError

from transfer.errors import PhotoError
from transfer.messages.photo_questions import (
    Checked,
    CheckPhotos,
    ContactSheets,
    Moments,
    Pictures,
    Preview,
    TakenAt,
    Thumbnails,
)
from transfer.messages.questions import (
    DescribeMachine,
    DescribeNetwork,
    Done,
    Evaluate,
    Explain,
    Export,
    GetReady,
    HeatMaps,
    Machine,
    NetworkDescription,
    PhotoAnswer,
    PhotoAnswers,
    Predict,
    Question,
    ReviewPhotos,
    Summarize,
)
from transfer.networks.layers import Layer

TORN = PhotoAnswer("b.jpg", error=PhotoError("“b.jpg” cannot be read.", found="It is torn.", fix="Save it.").to_dict())
ASKED: list[tuple[Question[Any], Any]] = [
    (DescribeMachine(), Machine("GPU A", ("A",))),
    (DescribeNetwork(file="a.keras"), NetworkDescription((Layer("a", "block", 12, "Dense"),), 32)),
    (
        Predict(run="/runs/a", images=("a.jpg", "b.jpg"), top=None),
        PhotoAnswers((PhotoAnswer("a.jpg", (("cat", 0.75), ("dog", 0.25))), TORN), 12.5),
    ),
    (GetReady(run="/runs/a"), Done()),
    (Evaluate(run="/runs/a"), Done()),
    (ReviewPhotos(run="/runs/a"), Done()),
    (Explain(run="/runs/a", image="a.jpg", labels=("cat",)), HeatMaps("a.jpg", {"cat": ((0.5, -1.0), (0.0, 2.0))})),
    (Summarize(run="/runs/a", folder="/tensorboard"), Done()),
    (Export(run="/runs/a", format="keras"), Done()),
    (TakenAt(files=("a.jpg", "b.jpg")), Moments((("Canon", 1.5), None))),
    (CheckPhotos(files=("a.jpg", "b \udcff.jpg")), Checked((("ab12", ""), ("", "it is torn")))),
    (Thumbnails(files=("a.jpg",), size=90), Pictures(("UklG", None))),
    (ContactSheets(sheets=(("a.jpg", "b.jpg"), ())), Pictures(("UklG", "UklG"))),
    (Preview(files=("a.jpg",), strength="light"), Pictures((None,))),
]


@pytest.mark.parametrize(("question", "answer"), ASKED, ids=lambda each: getattr(each, "kind", ""))
def test_they_come_back_as_they_were(question: Question[Any], answer: Any) -> None:
    assert Question.from_dict(json.loads(json.dumps(question.to_dict()))) == question
    assert question.read(json.loads(json.dumps(dataclasses.asdict(answer)))) == answer


def test_no_kind_is_forgotten_here() -> None:
    kinds = {type(question) for question, _ in ASKED}
    assert kinds == {kind for kind in Question.kinds().values() if kind.__module__.startswith("transfer.")}


def test_an_answer_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError):
        Predict(run="", images=()).read({"photos": "many"})


def test_a_photo_says_its_classes_or_what_is_wrong_with_it() -> None:
    seen = PhotoAnswer("a.jpg", (("cat", 0.75),))
    unknown = {"possible": [], "unfamiliar": None, "nearest": []}
    assert seen.as_error is None and seen.to_dict() == {"path": "a.jpg", "classes": [["cat", 0.75]], **unknown}
    assert isinstance(TORN.as_error, PhotoError)
    assert TORN.to_dict() == {"path": "b.jpg", "error": "“b.jpg” cannot be read. It is torn.", "fix": "Save it."}
