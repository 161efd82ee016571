"""Diagnosis: what goes wrong while training is met with words, and a healthy run with silence."""

import dataclasses

from tests.advice.test_settings import dataset, said
from transfer.advice.curves import advice_on_curves
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.messages.endings import Finished
from transfer.messages.events import EpochEnded, Evaluated


def epochs(phase: str, *rows: tuple[float, float, float, float], first: int = 1) -> list[EpochEnded]:
    """Epoch events from (loss, accuracy, val_loss, val_accuracy)."""
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return [
        EpochEnded(phase=phase, epoch=i + 1, step=first + i, **dict(zip(names, row, strict=True)))
        for i, row in enumerate(rows)
    ]


HEALTHY = epochs("head", (0.7, 0.6, 0.6, 0.7), (0.5, 0.8, 0.45, 0.82), (0.4, 0.85, 0.4, 0.86), (0.35, 0.88, 0.38, 0.87))


def test_a_healthy_run_is_left_alone() -> None:
    assert advice_on_curves(RunConfig(), dataset(), []) == []
    assert advice_on_curves(RunConfig(), dataset(), [*HEALTHY, Finished()]) == []


def test_an_exploding_loss() -> None:
    events = epochs("head", (0.9, 0.5, 0.9, 0.5), (4.0, 0.5, 9.0, 0.5))
    advice = said(advice_on_curves(RunConfig(head_learning_rate=0.5), dataset(), events))
    assert "loss is growing" in advice and "0.05" in advice


def test_a_loss_that_does_not_move() -> None:
    events = epochs("head", *[(0.7, 0.5, 0.7, 0.5)] * 3)
    advice = said(advice_on_curves(RunConfig(head_learning_rate=1e-5), dataset(), events))
    assert "hardly moves" in advice and "0.0001" in advice


def test_learning_by_heart() -> None:
    rows = [(0.5, 0.8, 0.5, 0.78), (0.2, 0.95, 0.55, 0.78), (0.05, 1.0, 0.7, 0.77), (0.02, 1.0, 0.9, 0.76)]
    advice = said(advice_on_curves(RunConfig(hidden_units=256), dataset(), epochs("head", *rows)))
    assert "by heart" in advice and "augmentation" in advice and "without an extra layer" in advice


def test_a_loss_that_has_risen_for_long() -> None:
    """As a thousand rounds on 166 photos went: right on nearly all photos, seen or not, to the end."""
    rows = [(0.5 / (1 + i), 0.99, 0.3, 0.93) for i in range(4)] + [(0.01, 1.0, 0.18, 0.95)]
    rows += [(0.001, 1.0, 0.18 + 0.28 * i / 400, 0.94) for i in range(1, 401)]
    so_far, config = epochs("head", *rows), RunConfig(early_stopping_patience=0, head_epochs=1000)
    for events in (so_far, [*so_far, Finished()]):
        advice = said(advice_on_curves(config, dataset(), events))
        assert (
            "by heart" in advice and "in round 5, 0.18, and has risen to 0.46" in advice and "early stopping" in advice
        )
    assert advice_on_curves(config, dataset(), so_far[:20]) == [], "not yet"
    wavering = epochs("head", *rows[:5], *[(0.01, 1.0, 0.2 + i % 2 / 10, 0.95) for i in range(60)])
    assert advice_on_curves(config, dataset(), wavering) == []


def test_a_network_that_does_not_suit_is_said_once_the_head_is_done() -> None:
    measured = Evaluated(split="test", accuracy=0.5, low=0.4, high=0.6, baseline=0.5, photos=50)
    head = epochs("head", *[(0.69 - i / 50, 0.52, 0.69, 0.5) for i in range(4)])
    assert "suit" not in said(advice_on_curves(RunConfig(), dataset(), head))
    advice = said(advice_on_curves(RunConfig(), dataset(), [*head, measured]))
    assert "does not seem to suit" in advice and "EfficientNetV2B0" in advice and "or EfficientNetLite0" not in advice


def test_fine_tuning_that_brought_nothing() -> None:
    tuned = epochs("fine_tune", (0.3, 0.9, 0.5, 0.85), first=5)
    events = [*HEALTHY, *tuned, Finished()]
    assert "brought nothing" in said(advice_on_curves(RunConfig(frozen_layers=100), dataset(), events))


def test_a_run_that_was_still_getting_better() -> None:
    falling = epochs("head", *[(2 - i / 5, 0.5, 2 - i / 5, 0.8) for i in range(6)])
    assert "200 at “Rounds for the new layers" in said(advice_on_curves(RunConfig(), dataset(), [*falling, Finished()]))
    assert advice_on_curves(RunConfig(), dataset(), falling) == []


def test_validation_may_be_missing() -> None:
    rows = [dataclasses.replace(epoch, val_loss=None, val_accuracy=None) for epoch in HEALTHY]
    only_train = Dataset("/photos", ("a", "b"), tuple(p for p in dataset().photos if p.split == "train"))
    assert advice_on_curves(RunConfig(), only_train, [*rows, Finished()]) == []
