"""Events: each kind comes back from its line, and what version 0.1 wrote is understood."""

import json

import pytest

from transfer.errors import DiskError, TrainingError
from transfer.messages.endings import Died, Failed, Finished, Interrupted, Paused, Resumed, Stopped
from transfer.messages.events import (
    Changed,
    EarlyStopped,
    EpochEnded,
    Evaluated,
    Event,
    Exported,
    Launched,
    Noticed,
    PhaseBegun,
    Progressed,
    Refined,
    Skipped,
    Spent,
    Started,
)
from transfer.messages.measurements import DepthMeasured, LearningRateMeasured, NetworkLeftOut, NetworkMeasured, Planned

EVENTS = [
    Launched(pid=4711, began=1.5),
    Started(device="CPU, 2 cores", resumed_from=3),
    Progressed(stage="train", message="Learning.", done=3, total=9, eta_seconds=1.5),
    PhaseBegun(phase="head", epochs=3, learning_rate=0.01, trainable_parameters=100, photos=40),
    EpochEnded(phase="head", epoch=1, step=1, loss=0.5, accuracy=0.8, val_loss=None, best=True),
    EarlyStopped(phase="head", epoch=9, best_epoch=4),
    Skipped(path="red/1.jpg", reason="It is torn."),
    Noticed(title="Mind this.", message="It costs nothing."),
    Evaluated(split="test", accuracy=0.9, low=0.8, high=0.95, baseline=0.5, photos=40),
    Refined(taken=True, photos=60, before=50, after=55, share=0.5, mirrored=False, penalty=0.1, seconds=2.5),
    Exported(format="keras", zip="exports/a-keras.zip", megabytes=1.5),
    Spent(seconds={"loading": 2.5}, memory_mb={"loading": 500.0}, looked=60, stored=9000),
    Planned(steps=("EfficientNetLite0", "VGG16"), seconds=(3.0, 40.0)),
    NetworkMeasured(
        step="EfficientNetLite0",
        seconds=4.0,
        backbone="EfficientNetLite0",
        alpha=1.0,
        image_size=224,
        accuracy=0.5,
        low=0.1,
        high=0.9,
        right="10",
        photos_per_second=90.0,
        megabytes=13.1,
        training_seconds=20.0,
        features=1280,
    ),
    NetworkLeftOut(step="VGG16", seconds=0.0, backbone="VGG16", alpha=1.0, image_size=224, reason="Out of time."),
    DepthMeasured(
        step="last block",
        seconds=4.0,
        blocks=1,
        frozen_layers=138,
        fine_tune_epochs=8,
        fine_tune_learning_rate=1e-4,
        parameters=409600,
        accuracy=0.5,
        low=0.1,
        high=0.9,
        right="10",
        training_seconds=2.5,
    ),
    LearningRateMeasured(
        step="new layers",
        seconds=4.0,
        phase="head",
        rates=(1e-6, 1e-3, 1.0),
        losses=(1.8, 0.2, 5.0),
        low=1e-4,
        high=1e-2,
        suggestion=1e-3,
        explodes=None,
    ),
    Finished(),
    Stopped(message="Stopped by you.", model=True),
    Failed.of(TrainingError("Memory ran out.", fix="Take smaller photos.")),
    Interrupted.of(DiskError("The disk is full.", found="0.1 MB free")),
    Died(message="Killed.", exit_code=-9, log_tail="a\nb"),
    Resumed(),
    Paused(message="Paused."),
    Changed(step=3, settings={"head_epochs": 5}, before={"head_epochs": 2}, asked=1.5),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert Event.from_dict(json.loads(json.dumps(event.to_dict()))) == event


def test_no_kind_is_forgotten_here() -> None:
    assert {event.kind for event in EVENTS} == set(Event.kinds())


def test_an_error_keeps_its_class_and_its_answers() -> None:
    error = Failed.of(TrainingError("Memory ran out.", fix="Take smaller photos.")).as_error
    assert isinstance(error, TrainingError)
    assert (error.what, error.fix) == ("Memory ran out.", "Take smaller photos.")


def test_version_0_1_called_a_message_its_words() -> None:
    told = {"time": 5.0, "event": "progress", "stage": "loading", "words": "Getting ready.", "done": 0, "total": 0}
    assert Event.from_dict(told) == Progressed(time=5.0, stage="loading", message="Getting ready.", done=0, total=0)
