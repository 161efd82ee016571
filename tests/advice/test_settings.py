"""Advice: each known mistake is met with words, and sound settings with silence."""

from typing import Any

import pytest

from transfer.advice.notice import Notice
from transfer.advice.settings import advice_on_settings
from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset, Photo
from transfer.networks.layers import layers


def dataset(per_class: tuple[int, ...] = (100, 100)) -> Dataset:
    """Three quarters of each class to train on, the rest for validation."""
    photos = tuple(
        Photo(f"{label}/{i}.jpg", label, "validation" if i % 4 == 3 else "train", f"{label}-{i}")
        for label, count in enumerate(per_class)
        for i in range(count)
    )
    return Dataset(root="/photos", classes=tuple(f"class {label}" for label in range(len(per_class))), photos=photos)


def said(notices: list[Notice]) -> str:
    return "\n".join(f"{n.title} {n.message} {n.fix}" for n in notices)


def test_the_defaults_need_no_advice() -> None:
    assert advice_on_settings(RunConfig(), dataset()) == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"head_learning_rate": 0.1}, "learning rate of the new layers is high"),
        ({"head_learning_rate": 1e-6}, "learning rate of the new layers is low"),
        ({"frozen_layers": 150, "fine_tune_learning_rate": 0.01}, "bigger steps than the new layers"),
        ({"frozen_layers": 150, "head_epochs": 0}, "untrained head"),
        ({"weights": "random"}, "starts from nothing"),
        ({"frozen_layers": 0}, "Many layers are unfrozen"),
        ({"augmentation": "light", "augmentation_views": 0}, "run the whole network on every photo"),
    ],
)
def test_settings_that_ask_for_trouble(settings: dict[str, Any], says: str) -> None:
    assert says in said(advice_on_settings(RunConfig(**settings).validated(), dataset((40, 40))))


def test_a_high_rate_for_adam_is_fine_for_sgd() -> None:
    assert advice_on_settings(RunConfig(head_learning_rate=0.1, optimizer="sgd"), dataset()) == []


def test_the_advised_number_of_frozen_layers_satisfies_the_adviser() -> None:
    advice = said(advice_on_settings(RunConfig(frozen_layers=0), dataset((60, 60))))
    number = int(advice.split("Freeze at least ")[1].split()[0])
    assert 0 < number < len(layers("MobileNetV2"))
    assert advice_on_settings(RunConfig(frozen_layers=number), dataset((60, 60))) == []


def test_few_and_uneven_photos() -> None:
    advice = said(advice_on_settings(RunConfig(class_weights="off"), dataset((200, 8))))
    assert "class 1 (6)" in advice and "uneven" in advice
    assert "uneven" not in said(advice_on_settings(RunConfig(), dataset((200, 8))))


def test_notices_are_complete_sentences() -> None:
    for notice in advice_on_settings(RunConfig(frozen_layers=0, head_learning_rate=0.5), dataset((5, 40))):
        assert notice.title.endswith(".") and notice.fix
