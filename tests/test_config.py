"""RunConfig: written once, checked, and the same after a trip through JSON."""

import dataclasses
import json
from pathlib import Path

import pytest

from transfer.config import RunConfig
from transfer.errors import ConfigError


def test_every_field_is_presented() -> None:
    assert list(RunConfig.settings()) == [field.name for field in dataclasses.fields(RunConfig)]
    assert all(setting.label and setting.help for setting in RunConfig.settings().values())


def test_the_defaults_are_valid_and_only_train_the_head() -> None:
    config = RunConfig().validated()
    assert not config.fine_tunes
    assert config.total_epochs == config.head_epochs


def test_json_round_trip(tmp_path: Path) -> None:
    config = RunConfig(photos="a/b", frozen_layers=7, alpha=0.35, image_size=96, name="Ä")
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    assert RunConfig.from_dict(json.loads((tmp_path / "config.json").read_text())) == config


def test_an_empty_value_means_the_default() -> None:
    assert RunConfig.from_dict({"batch_size": None, "pooling": "", "seed": "", "image_size": None}) == RunConfig()


def test_text_becomes_what_is_meant() -> None:
    config = RunConfig.from_dict(
        {"frozen_layers": "all", "image_size": "", "head_epochs": "3", "head_learning_rate": "1e-2", "seed": 4.0}
    )
    assert (config.frozen_layers, config.image_size, config.head_epochs) == (None, None, 3)
    assert (config.head_learning_rate, config.seed) == (0.01, 4)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"colour": "red"}, "no setting called colour"),
        ({"pooling": "median"}, "avg, max, flatten"),
        ({"dropout": 0.95}, "a number between 0 and 0.9"),
        ({"head_epochs": 5000}, "Expected: a number between 0 and 1,000"),
        ({"head_epochs": "many"}, "a whole number"),
        ({"head_epochs": 2.5}, "a whole number"),
        ({"head_learning_rate": "nan"}, "out of range"),
        ({"head_epochs": 0}, "nothing to train"),
        ({"frozen_layers": -1}, "at least 0"),
        ({"seed": True}, "a whole number"),
    ],
)
def test_mistakes_are_named_with_what_to_do(values: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_dict(values)
    assert says in str(caught.value)
    assert caught.value.fix


def test_fine_tuning_needs_unfrozen_layers_and_epochs() -> None:
    assert RunConfig(frozen_layers=0, fine_tune_epochs=2, head_epochs=0).validated().total_epochs == 2
    assert not RunConfig(frozen_layers=None, fine_tune_epochs=2).fine_tunes
    assert not RunConfig(frozen_layers=3, fine_tune_epochs=0).fine_tunes
