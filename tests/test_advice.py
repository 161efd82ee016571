"""Advice: each known mistake is met with words, and a healthy run with silence."""

from typing import Any

import pytest

from transfer.advice import Notice, before, during
from transfer.config import RunConfig
from transfer.dataset.catalog import Dataset, Photo
from transfer.layers import layers


def dataset(per_class: tuple[int, ...] = (100, 100)) -> Dataset:
    """Three quarters of each class to train on, the rest for validation."""
    photos = tuple(
        Photo(f"{label}/{i}.jpg", label, "validation" if i % 4 == 3 else "train", f"{label}-{i}")
        for label, count in enumerate(per_class)
        for i in range(count)
    )
    return Dataset(root="/photos", classes=tuple(f"class {label}" for label in range(len(per_class))), photos=photos)


def epochs(phase: str, *rows: tuple[float, float, float, float], first: int = 1) -> list[dict[str, Any]]:
    """Epoch events from (loss, accuracy, val_loss, val_accuracy)."""
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return [
        {"event": "epoch", "phase": phase, "epoch": i + 1, "step": first + i, **dict(zip(names, row, strict=True))}
        for i, row in enumerate(rows)
    ]


HEALTHY = epochs("head", (0.7, 0.6, 0.6, 0.7), (0.5, 0.8, 0.45, 0.82), (0.4, 0.85, 0.4, 0.86), (0.35, 0.88, 0.38, 0.87))


def said(notices: list[Notice]) -> str:
    return "\n".join(f"{n.title} {n.words} {n.fix}" for n in notices)


# ---------------------------------------------------------------------- before


def test_the_defaults_need_no_advice() -> None:
    assert before(RunConfig(), dataset()) == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"head_learning_rate": 0.1}, "learning rate of the new layers is high"),
        ({"head_learning_rate": 1e-6}, "learning rate of the new layers is low"),
        ({"frozen_layers": 150, "fine_tune_learning_rate": 0.01}, "bigger steps than the new layers"),
        ({"frozen_layers": 150, "head_epochs": 0}, "untrained head"),
        ({"weights": "random"}, "starts from nothing"),
        ({"frozen_layers": 0}, "Many layers are unfrozen"),
    ],
)
def test_settings_that_ask_for_trouble(settings: dict[str, Any], says: str) -> None:
    assert says in said(before(RunConfig(**settings).validated(), dataset((40, 40))))


def test_a_high_rate_for_adam_is_fine_for_sgd() -> None:
    assert before(RunConfig(head_learning_rate=0.1, optimizer="sgd"), dataset()) == []


def test_the_advised_number_of_frozen_layers_satisfies_the_adviser() -> None:
    advice = said(before(RunConfig(frozen_layers=0), dataset((60, 60))))
    number = int(advice.split("Freeze at least ")[1].split()[0])
    assert 0 < number < len(layers("MobileNetV2"))
    assert before(RunConfig(frozen_layers=number), dataset((60, 60))) == []


def test_few_and_uneven_photos() -> None:
    advice = said(before(RunConfig(class_weights="off"), dataset((200, 8))))
    assert "class 1 (6)" in advice and "uneven" in advice
    assert "uneven" not in said(before(RunConfig(), dataset((200, 8))))


# ---------------------------------------------------------------------- during


def test_a_healthy_run_is_left_alone() -> None:
    assert during(RunConfig(), dataset(), []) == []
    assert during(RunConfig(), dataset(), [*HEALTHY, {"event": "finished"}]) == []


def test_an_exploding_loss() -> None:
    events = epochs("head", (0.9, 0.5, 0.9, 0.5), (4.0, 0.5, 9.0, 0.5))
    advice = said(during(RunConfig(head_learning_rate=0.5), dataset(), events))
    assert "loss is growing" in advice and "0.05" in advice


def test_a_loss_that_does_not_move() -> None:
    events = epochs("head", *[(0.7, 0.5, 0.7, 0.5)] * 3)
    advice = said(during(RunConfig(head_learning_rate=1e-5), dataset(), events))
    assert "hardly moves" in advice and "0.0001" in advice


def test_learning_by_heart() -> None:
    rows = [(0.5, 0.8, 0.5, 0.78), (0.2, 0.95, 0.55, 0.78), (0.05, 1.0, 0.7, 0.77), (0.02, 1.0, 0.9, 0.76)]
    advice = said(during(RunConfig(hidden_units=256), dataset(), epochs("head", *rows)))
    assert "by heart" in advice and "augmentation" in advice and "without an extra layer" in advice


def test_a_network_that_does_not_suit_is_said_once_the_head_is_done() -> None:
    head = epochs("head", *[(0.69 - i / 50, 0.52, 0.69, 0.5) for i in range(4)])
    assert "suit" not in said(during(RunConfig(), dataset(), head))
    advice = said(during(RunConfig(), dataset(), [*head, {"event": "evaluated"}]))
    assert "does not seem to suit" in advice and "EfficientNetV2B0" in advice and "or MobileNetV2" not in advice


def test_fine_tuning_that_brought_nothing() -> None:
    tuned = epochs("fine_tune", (0.3, 0.9, 0.5, 0.85), first=5)
    events = [*HEALTHY, *tuned, {"event": "finished"}]
    assert "brought nothing" in said(during(RunConfig(frozen_layers=100), dataset(), events))


def test_a_run_that_was_still_getting_better() -> None:
    falling = epochs("head", *[(2 - i / 5, 0.5, 2 - i / 5, 0.8) for i in range(6)])
    assert "200 (head_epochs)" in said(during(RunConfig(), dataset(), [*falling, {"event": "finished"}]))
    assert during(RunConfig(), dataset(), falling) == []


def test_validation_may_be_missing() -> None:
    rows = [{**e, "val_loss": None, "val_accuracy": None} for e in HEALTHY]
    only_train = Dataset("/photos", ("a", "b"), tuple(p for p in dataset().photos if p.split == "train"))
    assert during(RunConfig(), only_train, [*rows, {"event": "finished"}]) == []


def test_notices_are_complete_sentences() -> None:
    for notice in before(RunConfig(frozen_layers=0, head_learning_rate=0.5), dataset((5, 40))):
        assert notice.title.endswith(".") and notice.fix
