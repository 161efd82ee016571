"""BestWeights: which epoch is the best, by `EpochResult.loss`, and going back to its weights.

They are kept over both phases, so fine-tuning, which begins with the head's best epoch, never makes the result worse.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from transfer.learning.model.classifier import Classifier
from transfer.learning.training.callbacks.callback import Callback
from transfer.learning.training.checkpoint import Checkpoint, assign, values
from transfer.learning.training.epoch import EpochResult
from transfer.learning.training.network import TrainedNetwork, trainable_variables
from transfer.learning.training.session import PhaseSession


class BestWeights(Callback):
    """Args:
    network: which is trained.
    checkpoint: holds the best weights.
    """

    def __init__(self, network: TrainedNetwork, checkpoint: Checkpoint) -> None:
        self._network, self._checkpoint = network, checkpoint

    def on_phase_begin(self, session: PhaseSession) -> None:
        if session.state.epoch == 0 and self.phase:
            self.restore_trained()
            # From here on more variables change, and going back to the best means going back with all of them.
            self._checkpoint.best = session.phase.name, values(session.variables)

    def on_epoch_end(self, session: PhaseSession, result: EpochResult) -> None:
        state = session.state
        result.best = state.best_loss is None or (result.complete and result.loss < state.best_loss)
        if result.best and result.complete:
            state.best_loss = result.loss  # `Checkpoint.add` takes the weights
        elif result.best:  # stopped within the very first epoch: better than nothing
            self._checkpoint.best = session.phase.name, values(session.variables)

    def take_in(self, session: PhaseSession, before: Sequence[keras.Variable]) -> None:
        """The phase changes other variables than `before`: those that are new were the same all the time."""
        assert self._checkpoint.best is not None
        held = dict(zip(map(id, before), self._checkpoint.best[1], strict=True))
        now = zip(session.variables, values(session.variables), strict=True)
        self._checkpoint.best = session.phase.name, [held.get(id(variable), value) for variable, value in now]

    @property
    def phase(self) -> str | None:
        """The phase whose variables the best weights are; None before the first epoch."""
        return self._checkpoint.best[0] if self._checkpoint.best else None

    def restore_trained(self) -> None:
        """Give the network that was trained the best weights, as far as it was made."""
        assert self._checkpoint.best is not None
        phase, weights = self._checkpoint.best
        assign(self._network.variables(phase), weights)

    def restore(self, classifier: Classifier) -> None:
        """Give a network like the trained one the best weights."""
        assert self._checkpoint.best is not None
        phase, weights = self._checkpoint.best
        assign(trainable_variables(classifier, phase, self._network.config.frozen_layers), weights)
