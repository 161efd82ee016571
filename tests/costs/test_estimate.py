"""What a run will take follows from what one like it took, and from how many photos and rounds there are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from transfer.config import RunConfig
from transfer.costs.cost import Cost, tells
from transfer.costs.estimate import estimate
from transfer.costs.fitting import SPARE, less, offers
from transfer.costs.room import free_memory_mb
from transfer.dataset.dataset import Dataset, Photo, Split
from transfer.messages.endings import Paused, Resumed
from transfer.messages.events import Changed, EpochEnded, Event, Launched, PhaseBegun, Spent, Started
from transfer.networks.backbones import BACKBONES
from transfer.runs.cost_file import CostFile


def photos(count: int) -> Dataset:
    """A dataset of so many photos, 7 : 1 : 2."""
    splits: list[Split] = ["train"] * 7 + ["validation"] + ["test"] * 2
    return Dataset("x", ("a", "b"), tuple(Photo(f"{n}", n % 2, splits[n % 10], f"{n}") for n in range(count)))


def config(**settings: Any) -> RunConfig:
    return RunConfig.from_dict({"photos": "x", "mirrored_views": "off", **settings})


def measured(made: RunConfig, dataset: Dataset, **changes: Any) -> Cost:
    """As a run tells it: 10 photos a second, a second for the first round and half a second for each later one."""
    spent = Spent(
        seconds={"loading": 2.0, "features": 0.1 * len(dataset.photos), "evaluate": 1.0, "refine": 1.0, "export": 5.0},
        memory_mb={"loading": 600.0, "train": 1000.0, "export": 700.0},
        looked=len(dataset.photos),
        stored=1000 * len(dataset.photos),
    )
    begun = PhaseBegun(
        time=20, phase="head", epochs=3, learning_rate=1, trainable_parameters=1, photos=len(dataset.of("train"))
    )
    ended = (
        EpochEnded(
            time=21 + n / 2, phase="head", epoch=n + 1, step=n + 1, loss=1, accuracy=1, seconds=1.0 - 0.5 * (n > 0)
        )
        for n in range(3)
    )
    events: list[Event] = [Launched(time=10), Started(time=16, device=""), begun, *ended, spent]
    return dataclasses.replace(Cost.of(made, dataset, events, kept=10_000_000), **changes)


def test_a_cost_is_told_from_a_log() -> None:
    cost = measured(config(), photos(100))
    assert (cost.start, cost.first, cost.later, cost.kept) == (6, {"head": 1.0}, {"head": 0.5}, 10_000_000)
    assert cost.photos == {"train": 70, "validation": 10, "test": 20} and cost.different == 100


def test_what_was_paused_or_changed_says_nothing_of_other_runs(tmp_path: Path) -> None:
    began, ended = PhaseBegun(phase="head", epochs=2, learning_rate=1, trainable_parameters=1, photos=7), Spent()
    first = EpochEnded(time=2, phase="head", epoch=1, step=1, loss=1, accuracy=1, seconds=2.0)
    broken_off = dataclasses.replace(first, time=900, epoch=2, partial=True, seconds=0.1)
    assert tells([began, first])
    assert not tells([began, Paused(message=""), Resumed(), first]), "also before its first round was over"
    assert not tells([began, first, Changed(step=2, settings={"head_learning_rate": 0.1})])
    cost = Cost.of(config(), photos(10), [began, first, broken_off, ended], kept=1)
    assert cost.first == cost.later == {"head": 2.0}, "a part of a round is none"


def test_the_same_again_takes_as_long_and_other_photos_and_rounds_in_proportion() -> None:
    few, made = photos(100), config(head_epochs=3)
    known = [measured(made, few, trial=True)]
    again = estimate(made, few, known)
    assert again.measured and not estimate(made, few, []).measured
    assert again.stages == {
        "start": 8.0, "prepare": 2 + 8.0, "head": 2.0, "fine_tune": 0.0, "evaluate": 1 + 2.0, "refine": 1.0,
        "export": 5.0,
    }  # fmt: skip
    assert again.memory_mb == 1000 and again.disk == 10_000_000 + 100 * 1000 and again.at_most
    more = estimate(config(head_epochs=30, early_stopping_patience=0), photos(1000), known)
    assert more.stages["prepare"] == 2 + 80 and not more.at_most
    assert more.stages["head"] == pytest.approx(30 * 5, rel=0.05)
    assert more.disk == pytest.approx(10_000_000 + 1000 * 1000, rel=0.05)


def test_photos_that_were_looked_at_are_not_looked_at_again() -> None:
    few = photos(100)
    assert estimate(config(), few, [measured(config(), few)]).stages["prepare"] == 2
    assert estimate(config(), few, [measured(config(), few, fingerprint="others")]).stages["prepare"] == 10


@pytest.mark.parametrize("changed", [{"backbone": "ResNet50"}, {"frozen_layers": 9}, {"hidden_units": 9}])
def test_another_kind_of_run_is_only_reckoned(changed: dict[str, Any]) -> None:
    few = photos(100)
    assert not estimate(config(**changed), few, [measured(config(), few)]).measured


def test_every_network_is_reckoned() -> None:
    for name in BACKBONES:
        for frozen in (None, 0):
            found = estimate(config(backbone=name, frozen_layers=frozen), photos(1000), [])
            assert 10 < found.seconds < 1e6 and 500 < found.memory_mb < 1e6 and found.disk > 1e6, name


@pytest.mark.parametrize(
    ("took", "settings"),
    [
        (2077, {"backbone": "EfficientNetLite0"}),
        (2154, {"backbone": "MobileNetV2", "frozen_layers": 144}),
        (1849, {"backbone": "EfficientNetV2B0", "augmentation": "light"}),
        (3249, {"backbone": "ResNet50", "frozen_layers": 143}),
    ],
)
def test_memory_is_reckoned_up_to_the_model_file(took: float, settings: dict[str, Any]) -> None:
    """MB that runs took until the model was written, from `tests/benchmarks/README.md`."""
    assert 0.7 * took < estimate(config(**settings), photos(600), []).memory_mb < 1.3 * took


def test_photos_that_go_through_the_whole_network_in_each_round_take_memory() -> None:
    large = {"batch_size": 512, "augmentation": "light"}
    kept, anew = (estimate(config(**large, augmentation_views=views), photos(100), []).memory_mb for views in (4, 0))
    assert anew > 2 * kept


def test_what_would_fit_is_offered_one_setting_at_a_time() -> None:
    few, made = photos(100), config(backbone="ResNet50", frozen_layers=0, head_epochs=0)
    known = [measured(made, few, memory_mb={"loading": 600.0, "train": 4600.0})]
    found = offers(made, few, known, 2600.0, 10**12, ("batch_size", "image_size", "backbone"))
    assert found == [
        {"batch_size": 8}, {"image_size": 128}, {"backbone": "EfficientNetLite0", "alpha": 1.0, "image_size": None}
    ]  # fmt: skip
    for change in found[:2]:
        assert estimate(dataclasses.replace(made, **change), few, known).memory_mb <= SPARE * 2600
    assert offers(made, few, known, 100.0, 10**12, ("batch_size", "image_size")) == [], "nothing would"
    assert less(made) == {"batch_size": 16}
    assert less(config(batch_size=1)) == {"image_size": 160}
    assert less(config(batch_size=1, pooling="flatten")) == {}


def test_costs_are_remembered_and_a_damaged_file_costs_only_those(tmp_path: Path) -> None:
    file = CostFile(tmp_path / "cache" / "costs.json")
    cost = measured(config(), photos(10))
    file.add(cost)
    file.add(cost)
    assert file.read() == [cost, cost]
    file.file.write_text("[{}")
    assert file.read() == []
    file.add(cost)
    assert file.read() == [cost]


def test_there_is_memory_here() -> None:
    assert 10 < free_memory_mb() < 1e8
