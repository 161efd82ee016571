"""Adam in one operation: the same numbers as Keras' own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from transfer.learning.training.adam import Adam, AdamW


@pytest.mark.parametrize(
    ("ours", "theirs"), [(Adam, keras.optimizers.Adam), (AdamW, keras.optimizers.AdamW)], ids=["adam", "adamw"]
)
def test_the_same_steps_as_keras(ours: type[keras.Optimizer], theirs: type[keras.Optimizer]) -> None:
    dice = np.random.default_rng(1)
    begin = [dice.normal(size=(7, 5)).astype("float32"), dice.normal(size=5).astype("float32")]
    gradients = [[dice.normal(size=each.shape).astype("float32") for each in begin] for _ in range(30)]
    ends = []
    for kind in (ours, theirs):
        variables = [keras.Variable(each) for each in begin]
        rule = kind(keras.optimizers.schedules.CosineDecay(0.05, 30))
        rule.build(variables)
        for gradient in gradients:
            rule.apply([keras.ops.convert_to_tensor(each) for each in gradient], variables)
        ends.append([np.asarray(each) for each in (*variables, *rule.variables)])
    for mine, its in zip(*ends, strict=True):
        np.testing.assert_allclose(mine, its, rtol=2e-5, atol=1e-6)
    assert np.abs(ends[0][0] - begin[0]).max() > 0.1
