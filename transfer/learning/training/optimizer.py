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
        # Variables, though none of the optimizer's own: they follow from the phase, so no checkpoint has to keep them.
        steps = keras.Variable(float(max(total_steps, 1)), trainable=False)
        rate = keras.optimizers.schedules.CosineDecay(keras.Variable(learning_rate, trainable=False), steps)
    made: keras.optimizers.Optimizer = {
        "adam": lambda: Adam(rate),
        "adamw": lambda: AdamW(rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9),
    }[config.optimizer]()
    if keras.config.dtype_policy().compute_dtype == "float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    return made


def set_learning_rate(optimizer: Any, learning_rate: float, total_steps: int) -> None:
    """Use another learning rate, or another number of steps over which it sinks, from the next step on."""
    schedule = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
    if isinstance(schedule, keras.optimizers.schedules.CosineDecay):
        schedule.initial_learning_rate.assign(learning_rate)
        schedule.decay_steps.assign(float(max(total_steps, 1)))
    else:
        schedule.assign(learning_rate)


def learning_rate(optimizer: Any) -> float:
    """The learning rate of the next step."""
    return float(tf.convert_to_tensor(optimizer.learning_rate).numpy())
