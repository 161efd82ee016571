"""What TensorBoard is given of a run, read with TensorFlow's own reader."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from transfer.learning.analysis.summaries import write
from transfer.runs.run import Run


def test_the_curves_are_scalars_of_each_round(trained: Run, tmp_path: Path) -> None:
    write(trained, tmp_path)
    found: dict[str, list[tuple[int, float]]] = {}
    for file in sorted(tmp_path.rglob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                name = f"{file.parent.name} {value.tag}"
                found.setdefault(name, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    history = trained.history()
    assert {path.name for path in (tmp_path / trained.id).iterdir()} == {"train", "validation"}
    for name, column in (("train epoch_loss", "loss"), ("validation epoch_accuracy", "val_accuracy")):
        assert [step for step, _ in found[name]] == history["step"].tolist()
        assert [value for _, value in found[name]] == pytest.approx(history[column].tolist())
    assert "train epoch_learning_rate" in found
