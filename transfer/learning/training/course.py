"""Course: which settings are in force in each epoch of a run, and the one place where what was asked comes into force.

They follow from the run's config and its `Changed` events alone, and an event is on disk before the epoch begins that
it is about. So a process that takes over from a killed one makes each change again where it was made.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from transfer.config import RunConfig
from transfer.errors import ConfigError
from transfer.learning.inbox import Inbox
from transfer.learning.reporter import Reporter
from transfer.learning.training.phases import Phase, phase, phases
from transfer.learning.training.session import PhaseSession
from transfer.learning.training.state import TrainingState
from transfer.messages.events import Changed
from transfer.messages.requests import Change
from transfer.runs.changes import OF_THE_HEAD, changed, in_words
from transfer.runs.run import Run


class Course:
    """Args:
    run: the caller holds its lock.
    inbox: what was asked of it.
    reporter: told what cannot be done.
    """

    def __init__(self, run: Run, inbox: Inbox, reporter: Reporter) -> None:
        self._run, self._inbox, self._reporter = run, inbox, reporter

    def config(self, state: TrainingState) -> RunConfig:
        """What is in force in the epoch that comes next."""
        return self._run.config_at(state.step + 1)

    def turn(self, state: TrainingState) -> None:
        """Let everything that was asked until now come into force with the epoch that comes next.

        What comes too late for the head is told, and takes nothing with it that was asked together with it.
        """
        for request in self._pending():
            # When its last epoch is done, the head goes on only where more were asked for.
            over = state.phase != "head" or (state.phase_over and "head_epochs" not in request.settings)
            settings: dict[str, Any] = {}
            for part in _parts(request.settings) if over else [request.settings]:
                try:
                    settings |= changed(self._run.config_at(), part, head_is_over=over)
                except ConfigError as error:
                    self._reporter.notice(error.what, f"Expected: {error.expected}. Found: {error.found}.")
            config = self._run.config_at(state.step + 1)
            before = {name: getattr(config, name) for name in settings}
            change = Changed(step=state.step + 1, settings=settings, before=before, asked=request.time)
            self._run.log.append(change)
            if settings:
                print(in_words(change), flush=True)

    def phase(self, state: TrainingState) -> Phase:
        """The phase at hand, by what is in force next; one that nobody wants any more has no more epochs than done."""
        config = self.config(state)
        wanted = state.phase in {each.name for each in phases(config)}
        found = phase(config, state.phase)
        return found if wanted else dataclasses.replace(found, epochs=state.epoch)

    def steer(self, session: PhaseSession) -> None:
        """Let what was asked come into force in a phase from the next epoch on."""
        self.turn(session.state)
        session.turn_to(self.phase(session.state))

    def end(self) -> None:
        """There is no epoch to come: say what was asked too late."""
        if self._pending():
            self._reporter.notice("A change came too late.", "All rounds were done when it was asked for.")

    def division(self, state: TrainingState, *, next_too: bool = False) -> RunConfig:
        """The settings by which a phase divides the network: what was trained once stays a part of what trains.

        For the head those of its first epoch, whatever was changed since about what comes after it.

        Args:
            state: where training stands.
            next_too: whether the epoch that comes next counts, as it does when none is done.
        """
        first, frozen = self._frozen(state, next_too=next_too)
        config = self._run.config_at(first)
        if state.phase == "head":
            return config
        return dataclasses.replace(config, frozen_layers=min((n for n in frozen if n is not None), default=None))

    def frozen(self, state: TrainingState) -> tuple[int | None, int]:
        """How many layers are frozen in the epoch that the checkpoint is of, or the first one, and for how long: the
        epochs of the phase that were done when that began."""
        _, frozen = self._frozen(state, next_too=False)
        if state.phase == "head":
            return frozen[-1], 0
        return frozen[-1], max((n for n in range(1, len(frozen)) if frozen[n] != frozen[n - 1]), default=0)

    def _frozen(self, state: TrainingState, *, next_too: bool) -> tuple[int, list[int | None]]:
        """The first epoch of a phase, counted over both, and how many layers are frozen in each until now."""
        first = state.step - state.epoch + 1
        last = max(first, state.step + next_too)
        return first, [self._run.config_at(step).frozen_layers for step in range(first, last + 1)]

    def _pending(self) -> list[Change]:
        return self._run.pending_changes() if self._inbox.has(Change) else []


def _parts(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """What is about the head alone, and the rest."""
    head = {name: value for name, value in settings.items() if name in OF_THE_HEAD}
    return [head, {name: value for name, value in settings.items() if name not in head}]
