"""What is changed while a run trains: from the next epoch on, and just so again after a kill or a pause."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.learning.training.test_trainer import CLOCKS, CopyTheRun, train
from transfer.errors import ConfigError
from transfer.learning import device
from transfer.learning.inbox import Stopped
from transfer.learning.reporter import Reporter
from transfer.learning.training import checkpoint
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.data import PhaseData
from transfer.learning.training.epoch import EpochResult
from transfer.learning.training.phases import Phase
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.trainer import Trainer
from transfer.messages.endings import Paused
from transfer.messages.events import Changed, Noticed
from transfer.messages.requests import Change, Pause
from transfer.runs.run import Run

# Asked for within the epoch after so many.
ASKED: dict[int, dict[str, Any]] = {
    0: {"head_learning_rate": 0.003, "head_epochs": 3},
    3: {"frozen_layers": 4},  # more of them
    4: {"frozen_layers": 1, "fine_tune_learning_rate": 3e-4},  # fewer
    5: {"fine_tune_epochs": 5, "early_stopping_patience": 50},
}


class Ask(Callback):
    """Somebody who asks for something else in some epochs, at first or from some epoch on."""

    def __init__(self, run: Run, *, since: int = 0, pause: int | None = None) -> None:
        self.run, self.since, self.pause = run, since, pause

    def on_epoch_begin(self, session: PhaseSession) -> None:
        step = session.state.step
        if step >= self.since and step in ASKED:
            self.run.request_change(ASKED[step])
        if step == self.pause:
            self.run.mailbox.send(Pause())


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transfer.learning.inbox.LOOK", 0.0)
    monkeypatch.setattr(checkpoint, "INTERVAL", 0)


def weights(trainer: Trainer) -> list[np.ndarray]:
    return trainer.outcome.result().model.get_weights()  # type: ignore[no-any-return]


def alike(run: Run, other: Run) -> bool:
    return run.history().drop(columns=CLOCKS).equals(other.history().drop(columns=CLOCKS))


def test_changes_come_with_the_next_epoch_and_again_just_so_in_a_run_that_goes_on(make_run: Callable[..., Run]) -> None:
    run = make_run(head_epochs=2, dropout=0.3, schedule="cosine", fine_tune_epochs=3)
    killed = CopyTheRun(run, 2, 4, 5, 6)
    trainer = train(run, killed, Ask(run))
    history = run.history()
    assert history["phase"].tolist() == ["head"] * 3 + ["fine_tune"] * 5
    assert [(each.step, each.settings) for each in run.changes()] == [
        (asked + 2, settings) for asked, settings in ASKED.items()
    ]
    assert run.changes()[1].before == {"frozen_layers": 3}
    # After each epoch; where the phase stands counts, however new the optimizer is.
    share = 0.5 * (1 + np.cos(np.pi * np.array([1 / 2, 2 / 3, 1, 1 / 3, 2 / 3, 1, 4 / 5, 1])))
    rates = share * [0.01, 0.003, 0.003, 1e-4, 1e-4, 3e-4, 3e-4, 3e-4]
    np.testing.assert_allclose(history["learning_rate"].to_numpy(float), rates, atol=1e-9, rtol=1e-5)
    best, step = weights(trainer), max(killed.copies)
    # Killed after the epochs and changes that are told, but with a checkpoint from before them.
    behind = Run(shutil.copytree(killed.copies[step].path, run.path.with_name(f"{run.id}-behind")))
    shutil.copy(killed.copies[2].checkpoint, behind.checkpoint)
    for since, copy in [*killed.copies.items(), (step, behind)]:
        again = train(copy, Ask(copy, since=since))
        assert alike(copy, run), since
        assert all(map(np.array_equal, weights(again), best))


def test_paused_and_gone_on_with_is_as_if_nothing_had_been(make_run: Callable[..., Run]) -> None:
    straight = make_run()
    train(straight)
    for pause in (5, 2):  # within fine-tuning; in the head phase
        run = make_run()
        trainer = Trainer(run, device.choose(), Reporter(run), callbacks=[Ask(run, since=99, pause=pause)])
        assert not trainer.train() and trainer.pauses and trainer.epochs == pause
        trainer.close()
        assert len(run.history()) == pause
        run.log.append(Paused(message="Paused."))
        assert run.status().state == "paused" and run.status().over
        run.request_resume()
        assert run.status().state == "queued" and not run.mailbox.read()
        train(run)
        assert alike(run, straight)


def test_fine_tuning_can_be_added_and_taken_away(make_run: Callable[..., Run]) -> None:
    run = make_run(frozen_layers=None, head_epochs=2)
    run.request_change({"frozen_layers": 3, "fine_tune_epochs": 4})  # it waits
    run.log.append(Paused(message="Paused."))
    run.request_resume()
    assert len(run.pending_changes()) == 1  # nothing that was asked is lost

    class Enough(Callback):
        def on_epoch_begin(self, session: PhaseSession) -> None:
            if session.state.step == 3:
                run.request_change({"frozen_layers": None})
            if session.state.step == 2:
                run.mailbox.send(hostile)

    hostile = Change(settings={"batch_size": 1, "frozen_layers": "-1"})
    train(run, Enough())
    assert run.history()["phase"].tolist() == ["head"] * 2 + ["fine_tune"] * 2
    assert [each.step for each in run.changes()] == [1, 5] and len(run.log.all(Changed)) == 3
    assert "keeps the batch_size" in run.log.all(Noticed)[-1].title
    # A process that finds it over comes to the same weights, those of the layers that were unfrozen.
    assert Trainer(run, device.choose(), Reporter(run)).train()


class At(Callback):
    """Does something within the epoch after so many."""

    def __init__(self, step: int, act: Callable[[], Any]) -> None:
        self.step, self.act = step, act

    def on_epoch_begin(self, session: PhaseSession) -> None:
        if session.state.step == self.step:
            self.act()


def test_stopped_while_other_layers_are_got_ready_it_keeps_the_best(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(head_epochs=2, fine_tune_epochs=6)
    ask = At(3, lambda: run.request_change({"frozen_layers": 1}))
    trainer = Trainer(run, device.choose(), Reporter(run), callbacks=[ask])
    load, loaded = trainer._data.load, []

    def stopped_at_the_third(phase: Phase) -> PhaseData:
        loaded.append(phase.name)
        if len(loaded) == 3:  # the head, fine-tuning, and now the other layers
            raise Stopped
        return load(phase)

    monkeypatch.setattr(trainer._data, "load", stopped_at_the_third)
    assert not trainer.train()
    trainer.outcome.measured("test")
    best = weights(trainer)
    trainer.close()
    again = Trainer(run, device.choose(), Reporter(run))  # a process that finds it so
    assert all(map(np.array_equal, weights(again), best))
    again.close()


def test_what_comes_too_late_for_the_head_is_refused_and_takes_nothing_with_it(make_run: Callable[..., Run]) -> None:
    run = make_run(head_epochs=2, fine_tune_epochs=2)
    late = Change(settings={"head_learning_rate": 0.5, "early_stopping_patience": 50})

    class PauseAfterTheHead(Callback):
        def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
            if result.step == 2:
                run.mailbox.send(Pause())

    trainer = Trainer(run, device.choose(), Reporter(run), callbacks=[PauseAfterTheHead()])
    assert not trainer.train() and trainer.epochs == 2
    trainer.close()
    run.log.append(Paused(message="Paused."))
    with pytest.raises(ConfigError, match="have learned already"):
        run.request_change({"head_epochs": 9})
    run.mailbox.send(late)  # as if it had been asked just before the head was over
    run.request_resume()
    train(run)
    assert [(each.step, each.settings) for each in run.changes()] == [(3, {"early_stopping_patience": 50})]
    assert "have learned already" in run.log.all(Noticed)[-1].title
    assert run.history()["phase"].tolist() == ["head"] * 2 + ["fine_tune"] * 2


def test_what_was_asked_last_counts_also_after_a_kill(make_run: Callable[..., Run]) -> None:
    run = make_run(head_epochs=6, frozen_layers=None)
    killed = CopyTheRun(run, 2, 5)
    train(run, killed, At(4, lambda: run.request_change({"head_learning_rate": 0.02})))
    behind = killed.copies[5]
    shutil.copy(killed.copies[2].checkpoint, behind.checkpoint)
    behind.request_change({"head_learning_rate": 0.001})
    train(behind)
    assert behind.history()["learning_rate"].iloc[-1] == pytest.approx(0.001)
