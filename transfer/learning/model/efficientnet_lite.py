"""EfficientNet-Lite: EfficientNet (Tan and Le 2019) for phones and plain processors, without squeeze-and-excitation.

Source: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Against EfficientNet, swish is
ReLU6 and stem and head keep their size at every width. Only Conv2D, DepthwiseConv2D, BatchNormalization, ReLU and Add,
so that every export format can carry it. Like the functions of `keras.applications` it mirrors, it does not scale its
input. The weights come in Python packages; which, is in `transfer.networks.weights`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from transfer.learning.model.torch_file import read_tensors

# Width and depth, relative to Lite0.
SCALES = {"EfficientNetLite0": (1.0, 1.0), "EfficientNetLite1": (1.0, 1.1), "EfficientNetLite2": (1.1, 1.2)}
# Of each stage: kernel, how often it is repeated, channels, expansion, stride.
STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)
STEM, TOP = 32, 1280


def efficientnet_lite(name: str, input_shape: tuple[int, int, int], include_top: bool = False) -> keras.Model:
    """Build one of `SCALES` with random weights: `stem`, `block1a` …, `top`; total stride 32.

    Args:
        name: which.
        input_shape: (height, width, 3); values as of (pixel - 127) / 128.
        include_top: whether to end with the 1,000 classes of ImageNet rather than the map (height/32, width/32, 1280).
    """
    width, depth = SCALES[name]
    image = keras.Input(input_shape, name="image")
    x = _convolution(image, STEM, 3, 2, "stem")
    for stage, (kernel, repeats, channels, expansion, stride) in enumerate(STAGES, start=1):
        if 1 < stage < len(STAGES):  # the first and the last stage are not repeated more in deeper networks
            repeats = math.ceil(repeats * depth)
        for number in range(repeats):
            block = f"block{stage}{chr(ord('a') + number)}"
            x = _block(x, kernel, _rounded(channels * width), expansion, 1 if number else stride, block)
    x = _convolution(x, TOP, 1, 1, "top")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(1000, activation="softmax", name="predictions")(x)
    return keras.Model(image, x, name=name.lower())


def load(network: keras.Model, path: Path, sha256: str) -> None:
    """Give a network of `efficientnet_lite` the weights of a published `.pth` file.

    Raises:
        OSError, ValueError: when the file cannot be read, or is not the one that was published for this network.
    """
    tensors = read_tensors(path, sha256).items()
    weights = iter([tensor for name, tensor in tensors if not name.endswith("num_batches_tracked")])
    for layer in network.layers:  # the file has them in the same order, and ends with the top
        wanted = [tuple(weight.shape) for weight in layer.weights]
        found = [_as_keras(layer, next(weights)) for _ in wanted]
        if [each.shape for each in found] != wanted:
            raise ValueError(f"{layer.name} has weights of {wanted}, the file of {[each.shape for each in found]}")
        layer.set_weights(found)


def _as_keras(layer: Any, tensor: np.ndarray) -> np.ndarray:
    """A tensor with its axes in the order of Keras: height, width, in, out."""
    if isinstance(layer, layers.DepthwiseConv2D):  # before Conv2D: (channels, 1, height, width)
        return tensor.transpose(2, 3, 0, 1)
    if tensor.ndim == 4:
        return tensor.transpose(2, 3, 1, 0)
    return tensor.T


def _block(
    x: keras.KerasTensor, kernel: int, channels: int, expansion: int, stride: int, name: str
) -> keras.KerasTensor:
    shortcut, width = x, x.shape[-1]
    if expansion > 1:
        x = _convolution(x, width * expansion, 1, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_dwconv")(x)
    x = _normalized(x, f"{name}_dw")
    x = _convolution(x, channels, 1, 1, f"{name}_project", relu=False)
    if stride == 1 and width == channels:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _convolution(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str, relu: bool = True
) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return _normalized(x, name, relu)


def _normalized(x: keras.KerasTensor, name: str, relu: bool = True) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_activation")(x) if relu else x


def _rounded(channels: float, divisor: int = 8) -> int:
    """A number of channels that processors like, never more than a tenth below the wanted one."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
