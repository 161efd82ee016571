"""The prediction server, asked through its own client and by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waiting import until
from transfer.errors import PhotoError, RunError
from transfer.learning.analysis.prediction import load
from transfer.learning.analysis.served import ServedModel
from transfer.learning.features.compiled import is_kept
from transfer.learning.prediction_server import answer
from transfer.messages.questions import (
    DescribeMachine,
    DescribeNetwork,
    Evaluate,
    GetReady,
    Predict,
    Question,
    ReviewPhotos,
)
from transfer.processes.client import Client
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("server") / "server.log")
    yield client
    client.close()


def test_every_question_has_an_answer() -> None:
    for kind in Question.kinds().values():
        if kind.__module__ == "transfer.messages.questions":
            assert answer.dispatch(kind) is not answer.dispatch(object), kind


def test_it_says_what_training_would_run_on(server: Client) -> None:
    machine = server.ask(DescribeMachine())
    assert machine.gpus == ()
    assert machine.description.startswith("CPU")


def test_it_predicts_photos_and_names_those_it_cannot_read(server: Client, trained: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 nothing more")
    good = trained.dataset.path(trained.dataset.of("test")[0])
    answers = server.ask(Predict(run=str(trained.path), images=(str(broken), str(good)), top=2))
    first, second = answers.photos
    assert isinstance(first.as_error, PhotoError)
    assert "broken.jpg" in first.as_error.what
    assert second.path == str(good)
    assert len(second.classes) == 2
    (label, share), (_, less) = second.classes
    assert label in trained.dataset.classes
    assert 1 >= share >= less >= 0
    assert answers.milliseconds > 0


def test_it_looks_at_the_photos_again(server: Client, trained: Run) -> None:
    assert trained.review() is None
    server.ask(ReviewPhotos(run=str(trained.path)))
    review = trained.review()
    assert review is not None and review.photos == len(trained.dataset.photos)
    assert review.uncertain and review.find(review.uncertain[0].path) == review.uncertain[0]
    assert {each.label for each in review.uncertain} <= set(trained.dataset.classes) and not review.copies
    assert review.leak is not None and review.leak.shared == 0 and review.leak.photos == len(trained.dataset.of("test"))
    written = trained.review_file.stat().st_mtime
    os.utime(trained.review_file, (written, trained.metrics_file.stat().st_mtime - 1))
    again = trained.review()
    assert again is not None and again.leak is None, "it is of another model, and the photos are the same"


def test_it_measures_again(server: Client, trained: Run) -> None:
    before = trained.metrics()
    trained.metrics_file.unlink()
    server.ask(Evaluate(run=str(trained.path)))
    after = trained.metrics()
    assert before is not None
    assert after is not None
    assert after.confusion == before.confusion


def test_it_looks_into_a_model_file(server: Client, trained: Run) -> None:
    network = server.ask(DescribeNetwork(file=str(trained.model_file)))
    assert network.image_size == 32
    assert {"Conv2D", "BatchNormalization"} <= {layer.kind for layer in network.layers}
    assert sum(layer.parameters for layer in network.layers) > 1000


def test_a_user_s_mistakes_come_back_as_such(server: Client, make_run: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no trained model"):
        server.ask(Predict(run=str(make_run().path), images=()))
    with pytest.raises(RunError, match="There is no run"):
        server.ask(Predict(run=str(tmp_path), images=()))


def test_nothing_but_answers_comes_out_of_it() -> None:
    questions = ('{"question": "machine"}', "", "not json", "[1]", '{"question": "sing"}', '{"question": "predict"}')
    done = subprocess.run(
        [sys.executable, "-m", "transfer.learning.prediction_server"],
        input="\n".join(questions),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0
    first, *others = (json.loads(line) for line in done.stdout.splitlines())
    assert first["ok"]["description"].startswith("CPU")
    assert len(others) == 4
    for other in others:
        assert other["error"]["kind"] == "ConfigError"
        assert "does not understand" in other["error"]["what"]


def test_a_model_that_was_made_ready_is_answered_by_the_engine(server: Client, trained: Run) -> None:
    pytest.importorskip("openvino")
    photo = str(trained.dataset.path(trained.dataset.of("test")[0]))
    before = server.ask(Predict(run=str(trained.path), images=(photo,)))
    server.prepare(GetReady(run=str(trained.path)))
    kept = ServedModel(trained, load)._spec.key
    until(lambda: is_kept(Workspace.of(trained).engines_dir / kept), 120)
    after = server.ask(Predict(run=str(trained.path), images=(photo,)))
    assert dict(after.photos[0].classes) == pytest.approx(dict(before.photos[0].classes), abs=1e-5)
