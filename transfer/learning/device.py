"""Device: what this machine offers for training, in plain words, and how it is used.

All GPUs train together when there are several (tf.distribute.MirroredStrategy); 16-bit arithmetic (mixed precision)
is used where every GPU has tensor cores, that is from compute capability 7.0 on
(https://www.tensorflow.org/guide/mixed_precision). A CPU always computes with 32 bits.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

TENSOR_CORES = (7, 0)


@dataclass(frozen=True)
class Device:
    """What training runs on.

    Attributes:
        words: for people, for example "CPU, 2 cores" or "2 GPUs: NVIDIA A, NVIDIA B".
        gpus: their names.
        mixed_precision: whether training with 16-bit arithmetic pays here.
        replicas: how many devices share each batch.
        strategy: under whose scope the model is built.
    """

    description: str
    gpus: tuple[str, ...]
    mixed_precision: bool
    replicas: int
    strategy: tf.distribute.Strategy


def describe() -> tuple[str, tuple[str, ...]]:
    """What training would run on, in words, and the names of the GPUs; takes none of them into use."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return _cpu_words(), ()
    names = tuple(str(_details(gpu).get("device_name", "GPU")) for gpu in gpus)
    words = f"{len(gpus)} GPUs: {', '.join(names)}" if len(gpus) > 1 else f"GPU {names[0]}"
    return words + (", 16-bit arithmetic" if _all_gain(gpus) else ""), names


def choose() -> Device:
    """Look at the machine and get it ready; call before anything else uses TensorFlow."""
    words, names = describe()
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)  # leave room for others on the same GPU
    strategy = tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
    return Device(words, names, bool(gpus) and _all_gain(gpus), max(len(gpus), 1), strategy)


def hide_gpus() -> None:
    """Compute on the processor from now on; call before anything else uses TensorFlow."""
    tf.config.set_visible_devices([], "GPU")


def mirrored(devices: list[str]) -> Device:
    """Several given devices as one, for example logical CPUs."""
    strategy = tf.distribute.MirroredStrategy(devices)
    return Device(" + ".join(devices), (), False, len(devices), strategy)


def use_precision(device: Device | None) -> None:
    """Choose the arithmetic of the models built from now on; None means 32 bits everywhere."""
    mixed = device is not None and device.mixed_precision
    keras.config.set_dtype_policy("mixed_float16" if mixed else "float32")


def _details(gpu: Any) -> dict[str, Any]:
    details: dict[str, Any] = tf.config.experimental.get_device_details(gpu)
    return details


def _all_gain(gpus: list[Any]) -> bool:
    return all(tuple(_details(gpu).get("compute_capability", (0, 0))) >= TENSOR_CORES for gpu in gpus)


def _cpu_words() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"CPU {_cpu_name()}, {cores} core{'s' if cores > 1 else ''}".replace("CPU ,", "CPU,")


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip().removesuffix("CPU").strip()
    except OSError:
        pass
    return platform.processor()
