"""What one step of training a head on kept features is made of: the bound of a head's own loop on this machine.

    python -m tests.benchmarks.step [--features 1280] [--units 256] [--photos 1400] [--classes 5]

Measured are the whole step as training runs it, the three parts of it that no program can leave out (the product
forwards, the product that gives the gradient of the kernel, Adam's pass over it), and the whole step compiled by XLA
with the time that compiling takes. The middle one of 15 measurements; parts run 1,000 times in one loop of TensorFlow.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.drive import table

REPEATS, TIMES, BATCH = 15, 1000, 32


def middle(work: Callable[[], Any], count: int) -> float:
    """Milliseconds of one of the `count` things that `work` does."""
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return 1000 * statistics.median(seconds) / count


def parts(features: int, units: int) -> dict[str, float]:
    """Milliseconds of what no step can do without."""
    import tensorflow as tf

    random = np.random.default_rng(0).random
    rows, slopes = (tf.constant(random((BATCH, width)), tf.float32) for width in (features, units))
    kernel, first, second = (tf.Variable(tf.constant(random((features, units)), tf.float32)) for _ in range(3))

    def looped(part: Callable[[Any], Any]) -> Callable[[], Any]:
        @tf.function(jit_compile=False)
        def run() -> Any:
            # What a turn computes goes into the next one's input, so that nothing is left out.
            return tf.while_loop(lambda i, _: i < TIMES, lambda i, last: (i + 1, part(last)), (0, 0.0))[1]

        return lambda: run().numpy()

    def adam(last: Any) -> Any:
        tf.raw_ops.ResourceApplyAdam(
            var=kernel.handle, m=first.handle, v=second.handle, beta1_power=0.5, beta2_power=0.5, lr=1e-3,
            beta1=0.9, beta2=0.999, epsilon=1e-7, grad=kernel_gradient,
        )  # fmt: skip
        return last + 1.0

    kernel_gradient = tf.constant(random((features, units)), tf.float32)
    named = {
        "product forwards": lambda last: tf.matmul(rows + last * 0.0, kernel)[0, 0],
        "product of the gradient": lambda last: tf.matmul(rows + last * 0.0, slopes, transpose_a=True)[0, 0],
        "Adam": adam,
    }
    found = {}
    for name, part in named.items():
        run = looped(part)
        run()
        found[name] = middle(run, TIMES)
    return found


def whole(features: int, units: int, photos: int, classes: int, xla: bool) -> tuple[float, float]:
    """Milliseconds of a step as training runs it, and seconds until the first had been compiled and run."""
    import keras
    import tensorflow as tf

    from transfer.config import RunConfig
    from transfer.learning import device
    from transfer.learning.features.table import Table
    from transfer.learning.model.classifier import new_head
    from transfer.learning.training.optimizer import optimizer
    from transfer.learning.training.steps import Steps

    keras.utils.set_random_seed(0)
    config = RunConfig(hidden_units=units, dropout=0)
    head = new_head(config, classes)
    head(np.zeros((2, features), np.float32))
    variables = head.trainable_variables
    made = optimizer(config, 1e-3, 1)
    made.build(variables)
    steps = Steps(device.choose(), variables, made, head, head, np.ones(classes, np.float32))
    if xla:
        steps._train_block = tf.function(steps._train_block.python_function, jit_compile=True, autograph=False)
    dice = np.random.default_rng(0)
    labels = dice.integers(0, classes, photos).astype(np.int32)
    samples = Table.of([dice.random((photos, features)).astype(np.float16)], labels, np.ones(photos, np.float32))
    order = np.concatenate([np.arange(photos), np.full(-photos % BATCH, -1)]).reshape(-1, BATCH)
    epoch = tf.convert_to_tensor(order)
    begun = time.perf_counter()
    steps.train_block(samples, epoch, 0, 1, tf.zeros(3)).numpy()
    compiled = time.perf_counter() - begun
    return middle(lambda: steps.train_block(samples, epoch, 0, len(order), tf.zeros(3)).numpy(), len(order)), compiled


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--features", type=int, default=1280)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--photos", type=int, default=1400)
    parser.add_argument("--classes", type=int, default=5)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    found = parts(options.features, options.units)
    rows = [[name, f"{value:.2f}", ""] for name, value in found.items()]
    rows.append(["together", f"{sum(found.values()):.2f}", ""])
    for name, xla in (("the whole step", False), ("the whole step, by XLA", True)):
        step, compiled = whole(options.features, options.units, options.photos, options.classes, xla)
        rows.append([name, f"{step:.2f}", f"{compiled:.2f}"])
    print(table(["one step", "milliseconds", "seconds of compiling"], rows))


if __name__ == "__main__":
    main()
