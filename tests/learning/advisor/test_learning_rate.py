"""Range test: the rate it suggests trains, one far beyond the explosion does not, and the network stays as it was."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from transfer.learning.advisor.learning_rate import START, judge, measure_learning_rates, range_test
from transfer.learning.advisor.short_run import ShortRun
from transfer.learning.inbox import Inbox, Stopped
from transfer.learning.training.checkpoint import assign, values
from transfer.learning.training.phases import Phase, phases
from transfer.messages.requests import Stop
from transfer.runs.mailbox import Mailbox
from transfer.runs.run import Run

RATES = np.geomspace(1e-6, 1, 85)


def curve(start: float, end: float, begins: float, ends: float, explodes: float) -> np.ndarray:
    """A loss that falls between two rates, steepest in the middle, and grows a hundredfold at a third."""
    share = np.clip(np.log(RATES / begins) / np.log(ends / begins), 0, 1)
    loss = start * (end / start) ** (0.5 - 0.5 * np.cos(np.pi * share))
    return np.where(explodes <= RATES, 100 * start, loss)


@pytest.mark.parametrize("start", [1.8, 0.02])
def test_the_curve_says_where_it_falls_and_where_it_explodes(start: float) -> None:
    found = judge(RATES, np.stack([curve(start, start / 5, 1e-4, 1e-2, 0.1)] * 2))
    assert found.low and found.high and found.suggestion and found.explodes
    assert 1e-4 < found.low < 3e-4 < found.suggestion < 4e-3 < found.high < 1.5e-2
    assert found.explodes == pytest.approx(0.1, rel=0.9)
    assert found.losses[0] == pytest.approx(start, rel=0.02)
    assert len(found.rates) == len(found.losses) == len(RATES)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    noise = np.random.default_rng(0).normal(1.8, 0.02, (3, len(RATES)))
    found = judge(RATES, noise)
    assert (found.low, found.suggestion, found.high, found.explodes) == (None, None, None, None)


def test_a_curve_that_explodes_at_once_is_judged_too() -> None:
    found = judge(RATES[: START + 3], np.stack([np.r_[np.full(START, 2.0), 50.0, 60.0, 70.0]]))
    assert found.suggestion is None and found.explodes is not None


def test_what_is_suggested_trains_and_what_explodes_does_not(short_run: ShortRun) -> None:
    """For the head, and for the unfrozen block upon the head that learned."""
    guess = math.log(len(short_run.dataset.classes))
    for phase in phases(short_run.config):
        variables = short_run.network.variables(phase.name)
        before = values(variables)
        found = range_test(short_run, phase)
        assert found.suggestion and found.explodes and found.low and found.high
        assert found.low <= found.suggestion <= found.high < found.explodes
        for now, then in zip(values(variables), before, strict=True):
            assert np.array_equal(now, then)
        short_run.best, head = math.inf, short_run.best
        for factor in (10, 100):
            _train(short_run, phase, factor * found.explodes)
            assert short_run.best > guess
            assign(variables, before)
        _train(short_run, phase, found.suggestion)
        assert short_run.best < min(0.7 * guess, 1.2 * head)


def _train(run: ShortRun, phase: Phase, rate: float) -> None:
    run.best = math.inf
    run.train(dataclasses.replace(phase, learning_rate=rate, epochs=8, patience=0))


def test_both_phases_are_measured_one_by_one(lite: Run, surroundings: Any) -> None:
    found = list(measure_learning_rates(lite.config, lite.dataset, *surroundings))
    assert [(each.step, each.phase) for each in found] == [("new layers", "head"), ("fine-tuning", "fine_tune")]
    assert all(each.suggestion and each.seconds > 0 for each in found)
    frozen = dataclasses.replace(lite.config, frozen_layers=None)
    assert [each.phase for each in measure_learning_rates(frozen, lite.dataset, *surroundings)] == ["head"]


def test_it_can_be_stopped(lite: Run, surroundings: Any, tmp_path: Any) -> None:
    mailbox = Mailbox(tmp_path / "requests.jsonl")
    mailbox.send(Stop())
    with pytest.raises(Stopped):
        next(measure_learning_rates(lite.config, lite.dataset, *surroundings[:3], Inbox(mailbox)))
