"""Steps: what is computed for one batch, compiled once per phase and shared among all devices.

Where all samples are in memory many steps are one call, because for a small head calling costs more than computing.

A batch's loss is the sum over its samples of weight × cross-entropy, the weights adding the class weight and the
division by the number of real samples. A sum has the same gradient whether one device or several compute it, so
training on several GPUs equals training on one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from transfer.learning.device import Device
from transfer.learning.features.table import Table
from transfer.learning.pipeline import Batch

Network = Callable[..., Any]
"""Called as network(inputs, training=...); a Keras model, or a part of one."""


@dataclass(frozen=True)
class Score:
    """Means over the real samples seen.

    Attributes:
        loss: cross-entropy, natural logarithm, without class weights, so that training and validation compare.
        accuracy: share of samples whose most probable class is the right one, 0 to 1.
        photos: how many samples.
    """

    loss: float
    accuracy: float
    photos: int


class Tally:
    """Adds up what steps return over one epoch; reading the score waits for the device, adding does not.

    Attributes:
        sums: of the losses, of the right answers and of the samples, (3,) float32.
    """

    def __init__(self) -> None:
        self.sums: tf.Tensor = tf.zeros(3)

    def add(self, sums: tf.Tensor) -> None:
        self.sums = self.sums + sums

    def score(self) -> Score | None:
        """None when there was not one real sample."""
        loss, right, photos = (float(value) for value in self.sums.numpy())
        return Score(loss / photos, right / photos, int(photos)) if photos else None


class Steps:
    """The compiled steps of one phase.

    Args:
        device: shares the batches.
        variables: what training changes.
        optimizer: changes them.
        train_network, measure_network: uint8 photos or float32 features -> (batch, classes) probabilities.
        class_weights: (classes,) float32.
    """

    def __init__(
        self,
        device: Device,
        variables: Sequence[keras.Variable],
        optimizer: keras.optimizers.Optimizer,
        train_network: Network,
        measure_network: Network,
        class_weights: np.ndarray,
    ) -> None:
        self._device = device
        self._class_weights = class_weights
        strategy = device.strategy

        def train_one(inputs: Any, labels: Any, valid: Any, weights: Any) -> Any:
            with tf.GradientTape() as tape:
                probabilities = train_network(tf.cast(inputs, tf.float32), training=True)
                losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
                loss = optimizer.scale_loss(tf.reduce_sum(losses * weights))
            optimizer.apply(tape.gradient(loss, variables), variables)
            return _sums(losses, probabilities, labels, valid)

        def measure_one(inputs: Any, labels: Any, valid: Any) -> Any:
            probabilities = measure_network(tf.cast(inputs, tf.float32), training=False)
            losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
            return _sums(losses, probabilities, labels, valid)

        # XLA is off: on CPUs it slows depthwise convolutions down about ten times.
        @tf.function(jit_compile=False)
        def train_step(*parts: Any) -> Any:
            return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(train_one, parts), axis=None)

        @tf.function(jit_compile=False)
        def measure_step(*parts: Any) -> Any:
            return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(measure_one, parts), axis=None)

        self._train, self._measure = train_step, measure_step

        def repeated(step: Callable[..., Any], *, train: bool) -> Any:
            @tf.function(jit_compile=False, autograph=False)
            def run(rows: Any, labels: Any, valid: Any, order: Any, begin: Any, end: Any, sums: Any) -> Any:
                def one(number: Any, sums: Any) -> tuple[Any, Any]:
                    filler, places = order[number] < 0, tf.maximum(order[number], 0)
                    parts = [tf.gather(rows, places), tf.gather(labels, places)]
                    parts.append(tf.where(filler, 0.0, tf.gather(valid, places)))
                    if train:
                        share = parts[2] / tf.maximum(tf.reduce_sum(parts[2]), 1.0)
                        parts.append(tf.gather(tf.constant(class_weights), parts[1]) * share)
                    return number + 1, sums + step(*parts)

                return tf.while_loop(lambda number, _: number < end, one, (begin, sums))[1]

            return run

        self._train_block = repeated(train_one, train=True)
        self._measure_block = repeated(measure_one, train=False)

    def train(self, batch: Batch) -> tf.Tensor:
        """Correct the variables once; what a `Tally` adds up."""
        weights = self._class_weights[batch.labels] * batch.valid / max(batch.photos, 1)
        return self._train(*share(self._device, batch.inputs, batch.labels, batch.valid, weights))

    def measure(self, batch: Batch) -> tf.Tensor:
        """Only look how good it is; what a `Tally` adds up."""
        return self._measure(*share(self._device, batch.inputs, batch.labels, batch.valid))

    def train_block(self, table: Table, order: tf.Tensor, begin: int, end: int, sums: tf.Tensor) -> tf.Tensor:
        """Correct the variables once per row of `order`, from row `begin` to before row `end`. One device only.

        Args:
            table: the samples.
            order: (steps, batch) int64, which samples each step sees; -1 for a filler.
            begin, end: which steps.
            sums: of the steps before.

        Returns:
            `sums` and those of these steps, one after the other: it does not matter how many at a time.
        """
        return self._run(self._train_block, table, order, begin, end, sums)

    def measure_block(self, table: Table, order: tf.Tensor, begin: int, end: int, sums: tf.Tensor) -> tf.Tensor:
        """Only look how good it is; otherwise as `train_block`."""
        return self._run(self._measure_block, table, order, begin, end, sums)

    @staticmethod
    def _run(compiled: Any, table: Table, order: tf.Tensor, begin: int, end: int, sums: tf.Tensor) -> tf.Tensor:
        limits = (tf.constant(begin, tf.int64), tf.constant(end, tf.int64))
        return compiled(table.rows, table.labels, table.valid, order, *limits, sums)


def share(device: Device, *arrays: np.ndarray) -> tuple[Any, ...]:
    """Cut arrays along their first axis, one piece per device, filling up with zeros where they do not divide."""
    pieces = device.replicas
    if pieces == 1:
        return tuple(tf.convert_to_tensor(array) for array in arrays)
    lacking = -len(arrays[0]) % pieces
    padded = [np.concatenate([a, np.zeros((lacking, *a.shape[1:]), a.dtype)]) if lacking else a for a in arrays]
    cut = [np.split(array, pieces) for array in padded]

    def piece(context: Any, of: list[np.ndarray]) -> tf.Tensor:
        return tf.convert_to_tensor(of[context.replica_id_in_sync_group])

    distribute = device.strategy.experimental_distribute_values_from_function
    return tuple(distribute(lambda context, of=of: piece(context, of)) for of in cut)


def _sums(losses: Any, probabilities: Any, labels: Any, valid: Any) -> Any:
    right = tf.cast(tf.equal(tf.argmax(probabilities, axis=-1, output_type=tf.int32), labels), tf.float32)
    # A filler's loss may be anything, also NaN; 0 × NaN would poison the sum.
    kept = tf.where(valid > 0, losses, 0.0)
    return tf.stack([tf.reduce_sum(kept), tf.reduce_sum(right * valid), tf.reduce_sum(valid)])
