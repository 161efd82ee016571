"""EventLogging: phases and epochs become events of the run's log, each once.

What an epoch has to tell is only prepared here: it is told by `write` once the checkpoint that contains it is on disk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from transfer.learning.memory import resident_megabytes
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.epoch import EpochResult
from transfer.learning.training.optimizer import learning_rate
from transfer.learning.training.session import PhaseSession
from transfer.messages.events import EarlyStopped, EpochEnded, PhaseBegun
from transfer.runs.event_log import EventLog


class EventLogging(Callback):
    """Args:
    log: of the run; the caller holds its lock.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def on_phase_begin(self, session: PhaseSession) -> None:
        phase = session.phase
        if not any(begun.phase == phase.name for begun in self._log.all(PhaseBegun)):
            begun = PhaseBegun(
                phase=phase.name,
                epochs=phase.epochs,
                learning_rate=phase.learning_rate,
                trainable_parameters=sum(math.prod(variable.shape) for variable in session.variables),
                photos=session.data.train.photos,
            )
            self._log.append(begun)

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        validation = result.validation if result.complete else None
        event = EpochEnded(
            phase=session.phase.name,
            epoch=result.epoch,
            step=result.step,
            loss=result.train.loss,
            accuracy=result.train.accuracy,
            val_loss=validation.loss if validation else None,
            val_accuracy=validation.accuracy if validation else None,
            learning_rate=learning_rate(session.optimizer),
            seconds=round(result.seconds, 4),
            photos_per_second=round(result.photos_per_second, 2),
            memory_mb=resident_megabytes(),
            partial=not result.complete,
            best=result.best,
        )
        result.events.append(event)

    def write(self, events: Sequence[EpochEnded | EarlyStopped]) -> None:
        """Log events once, also when this process takes over from one killed between checkpoint and log. An epoch that
        is repeated, from a checkpoint older than the log, is told again where it came out otherwise."""
        for event in events:
            logged = [
                _learned(other)
                for other in self._log.all(type(event))
                if (other.phase, other.epoch) == (event.phase, event.epoch)
                and not (isinstance(other, EpochEnded) and other.partial)
            ]
            if _learned(event) not in logged[-1:]:
                self._log.append(event, durable=event is events[-1])


def _learned(event: EpochEnded | EarlyStopped) -> dict[str, Any]:
    """What an event tells but for times and memory, which are never the same twice."""
    clocks = {"time", "seconds", "photos_per_second", "memory_mb"}
    return {name: value for name, value in event.to_dict().items() if name not in clocks}
