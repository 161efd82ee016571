"""The form is RunConfig made visible: every setting, its words and its limits, and no value lost on the way."""

from __future__ import annotations

import dataclasses
from typing import Any

import gradio as gr
import pytest

from transfer.config import RunConfig
from transfer.errors import ConfigError
from transfer.setting import plain
from transfer.ui.shared import form


def test_every_setting_but_the_photos_has_a_field() -> None:
    assert [*form.FIELDS, "photos"] == sorted(RunConfig.settings(), key=["photos"].__contains__)


@pytest.mark.parametrize("name", form.FIELDS)
def test_a_component_says_what_its_setting_says(name: str) -> None:
    setting = RunConfig.settings()[name]
    component: Any = form.component(name)
    assert component.label == setting.label
    assert component.info == setting.hint and setting.limits in setting.hint.lower()
    assert component.value == getattr(RunConfig(), name)
    if setting.choices:
        assert [tuple(choice) for choice in component.choices] == list(setting.choices)


def test_rates_offer_steps_within_their_limits_and_take_any_other() -> None:
    setting = RunConfig.settings()["head_learning_rate"]
    component: Any = form.component("head_learning_rate")
    assert isinstance(component, gr.Dropdown) and component.allow_custom_value
    values: list[Any] = [value for _, value in component.choices]
    assert values == sorted(values, reverse=True)
    assert setting.minimum is not None and setting.maximum is not None
    assert min(values) >= setting.minimum and max(values) <= setting.maximum
    assert RunConfig().head_learning_rate in values
    assert RunConfig.from_dict({"head_learning_rate": "0.0002"}).head_learning_rate == 2e-4


@pytest.mark.parametrize(
    ("value", "text"), [(1e-5, "0.00001"), (3e-4, "0.0003"), (0.1, "0.1"), (1.0, "1"), (1000, "1,000")]
)
def test_numbers_are_written_as_people_do(value: float, text: str) -> None:
    assert plain(value) == text


def test_the_page_may_replace_the_component_but_not_its_words() -> None:
    component: Any = form.component("backbone", kind=gr.Dropdown, choices=["MobileNetV2"], allow_custom_value=True)
    assert isinstance(component, gr.Dropdown)
    assert component.label == RunConfig.settings()["backbone"].label


def test_a_config_survives_the_way_through_the_components() -> None:
    config = RunConfig(
        photos="/photos",
        backbone="MobileNet",
        alpha=0.75,
        image_size=128,
        frozen_layers=40,
        pooling="max",
        hidden_units=256,
        dropout=0.35,
        head_learning_rate=3e-4,
        fine_tune_learning_rate=2e-6,
        seed=7,
        name="a name",
    )
    changed = [f.name for f in dataclasses.fields(config) if getattr(config, f.name) != f.default]
    assert len(changed) == 12
    components: list[Any] = [form.component(name) for name in form.FIELDS]
    # What a component makes of a value on its way to the browser, and of the browser's answer.
    there = [c.postprocess(value) for c, value in zip(components, form.to_components(config), strict=True)]
    back = [c.preprocess(value) for c, value in zip(components, there, strict=True)]
    assert RunConfig.from_dict({"photos": "/photos", **form.named(back)}) == config


def test_a_wrong_value_is_met_with_the_settings_own_words() -> None:
    with pytest.raises(ConfigError, match="Photos per step"):
        RunConfig.from_dict({"batch_size": 0})
