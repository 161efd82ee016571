"""Summaries: the curves of a run as TensorBoard reads them, `train` and `validation` over each other."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from transfer.runs.run import Run

SCALAR = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"}, data_class=1)
MEASURES = {"train": ("loss", "accuracy", "learning_rate"), "validation": ("val_loss", "val_accuracy")}


def write(run: Run, folder: Path) -> None:
    """Write an event file for each of the two into `folder/NAME/train` and `folder/NAME/validation`.

    Args:
        run: its rounds are the steps, counted over both phases.
        folder: what TensorBoard is pointed to; that of the run in it is called as the run's own.

    Raises:
        OSError: the folder may not be written to.
    """
    for name, measures in MEASURES.items():
        (folder / run.id / name).mkdir(parents=True, exist_ok=True)  # TensorFlow would not say in a way that is known
        writer = tf.summary.create_file_writer(str(folder / run.id / name))
        with writer.as_default():
            for row in run.history().to_dict("records"):
                for measure in measures:
                    if row[measure] == row[measure] and row[measure] is not None:
                        # What `tf.summary.scalar` writes, which TensorFlow 2.21 does with TensorBoard installed only.
                        tag, value = f"epoch_{measure.removeprefix('val_')}", tf.constant(row[measure], tf.float32)
                        tf.summary.write(tag, value, int(row["step"]), SCALAR)
        writer.close()
