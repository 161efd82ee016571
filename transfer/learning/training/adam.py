"""Adam in one operation per variable.

Keras computes the rule of Adam (Kingma and Ba 2015) from about a dozen operations, each of which goes through memory
once. For a head trained from kept features that is most of the time of a step. TensorFlow has the same rule as one
operation; the numbers agree up to rounding.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class _OneOperation:
    """What `keras.optimizers.Adam` and its descendants without `amsgrad` do to a variable, done at once."""

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """As `keras.Optimizer.update_step`: dense gradients only."""
        index = self._get_variable_index(variable)
        step = tf.cast(tf.convert_to_tensor(self.iterations) + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class Adam(_OneOperation, keras.optimizers.Adam):
    """`keras.optimizers.Adam`, faster."""


class AdamW(_OneOperation, keras.optimizers.AdamW):
    """`keras.optimizers.AdamW`, faster."""


def _handle(variable: Any) -> Any:
    """The place in memory of a Keras or TensorFlow variable; on several devices, that of the device at work."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
