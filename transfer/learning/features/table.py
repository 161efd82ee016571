"""Table: samples that are all in memory, so that many steps can be one call. What the steps do is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

ALIGNMENT = 64  # bytes; EIGEN_MAX_ALIGN_BYTES of TensorFlow


@dataclass(frozen=True)
class Table:
    """Rows (n, …), labels (n,) int32, valid (n,) float32, as in `pipeline.Batch`."""

    rows: tf.Tensor
    labels: tf.Tensor
    valid: tf.Tensor

    @classmethod
    def of(cls, blocks: Iterable[np.ndarray], labels: np.ndarray, valid: np.ndarray) -> Table:
        """Put rows, which come in blocks, labels and valid where training computes.

        TensorFlow would copy a whole array, and hold both for a moment; memory it can use as it is it takes over.
        """
        rows, begin = np.empty(0), 0
        for block in blocks:
            if not begin:
                rows = _aligned((len(labels), *block.shape[1:]), block.dtype)
            rows[begin : begin + len(block)] = block
            begin += len(block)
        assert begin == len(labels)
        shared = tf.experimental.dlpack.from_dlpack(rows.__dlpack__())
        # To a GPU this copies it.
        return cls(tf.identity(shared), tf.convert_to_tensor(labels), tf.convert_to_tensor(valid))


def _aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array that begins where TensorFlow wants its tensors to begin; without that it aborts the process."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % ALIGNMENT
    array: np.ndarray = memory[begin : begin + size].view(dtype).reshape(shape)
    return array
