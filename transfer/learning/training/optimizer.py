"""Optimizer: by which rule training corrects the network, and how large its corrections are at each step.

The learning rate can be changed while it trains, without compiling the steps anew; who changes it is decided by the
callbacks.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from transfer.config import RunConfig
from transfer.learning.training.adam import Adam, AdamW


def optimizer(config: RunConfig, learning_rate: float, total_steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of one phase with its schedule; under mixed precision it scales the loss by itself."""
    rate: Any = learning_rate
    if config.schedule == "cosine":
        rate = _Cosine(learning_rate, total_steps)
    made: keras.optimizers.Optimizer = {
        "adam": lambda: Adam(rate),
        "adamw": lambda: AdamW(rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9),
    }[config.optimizer]()
    if keras.config.dtype_policy().compute_dtype == "float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    return made


class _Cosine(keras.optimizers.schedules.CosineDecay):
    """The decay of a phase, for an optimizer that may be younger than the phase.

    Its numbers are variables, though none of the optimizer's own: they follow from the phase, so no checkpoint has to
    keep them.
    """

    def __init__(self, learning_rate: float, total_steps: int) -> None:
        rate, steps, begun = (
            keras.Variable(value, trainable=False) for value in (learning_rate, float(max(total_steps, 1)), 0.0)
        )
        super().__init__(rate, steps)
        self.begun = begun

    def __call__(self, step: Any) -> Any:
        return super().__call__(tf.cast(step, tf.float32) + tf.convert_to_tensor(self.begun))


def set_learning_rate(optimizer: Any, learning_rate: float, total_steps: int, begun: int = 0) -> None:
    """Use another learning rate, or another number of steps over which it sinks, from the next step on.

    Args:
        begun: steps of the phase that were done when the optimizer was new.
    """
    schedule = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
    if isinstance(schedule, _Cosine):
        schedule.initial_learning_rate.assign(learning_rate)
        schedule.decay_steps.assign(float(max(total_steps, 1)))
        schedule.begun.assign(float(begun))
    else:
        schedule.assign(learning_rate)


def learning_rate(optimizer: Any) -> float:
    """The learning rate of the next step."""
    return float(tf.convert_to_tensor(optimizer.learning_rate).numpy())
