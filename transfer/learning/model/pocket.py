"""Pocket: the small backbone that comes with this project, so that a first run needs no download.

A plain feed-forward network in the manner of MobileNetV2 (Sandler et al. 2018) with the early depthwise layers
fused into dense 3x3 convolutions, as in EfficientNetV2 (Tan and Le 2021): on a processor few wide layers beat many
thin ones. Only Conv2D, DepthwiseConv2D, BatchNormalization, ReLU and Add, so every export format can carry it.

It mirrors the functions of `keras.applications` (`include_top`, `weights`, `input_shape`, `pooling`) and, like them,
does not scale its input. It is not the place where it learned: that is `assets/pretrain.py`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from transfer.errors import WeightsError
from transfer.networks.weights import BUNDLED_WEIGHTS

IMAGE_SIZE = 96
"""Side in pixels that the bundled weights were finished at."""

CLASSES = 200
"""Classes of the pretraining corpus, the width of the top."""

STEM = 16
BLOCKS = (
    # kind, channels, stride, expansion
    ("plain", 32, 2, 1),
    ("fused", 32, 1, 2),
    ("fused", 64, 2, 3),
    ("fused", 64, 1, 2),
    ("inverted", 160, 2, 4),
    ("inverted", 160, 1, 4),
    ("inverted", 160, 1, 4),
    ("inverted", 160, 1, 4),
    ("inverted", 160, 1, 4),
)
FEATURES = 768


def preprocess_input(x: Any) -> Any:
    """Scale pixels from 0..255 to -1..1, what Keras calls the "tf" mode. Works on arrays and on tensors."""
    return x / 127.5 - 1.0


def pocket(
    include_top: bool = False,
    weights: str | Path | None = "bundled",
    input_shape: tuple[int, int, int] = (IMAGE_SIZE, IMAGE_SIZE, 3),
    pooling: str | None = None,
    name: str = "pocket",
) -> keras.Model:
    """Build the network: `stem`, `block1` to `block9`, `top`; total stride 16.

    Args:
        include_top: add average pooling and the `predictions` layer over the 200 classes of the pretraining.
            The bundled weights have no top.
        weights: `"bundled"` for the weights in `assets/`, None for random ones, or the path of another .npz
            that `assets/pretrain.py` wrote.
        input_shape: (height, width, 3); sides of at least 32 pixels. Values -1..1, see `preprocess_input`.
        pooling: None for the feature map (height/16, width/16, 768); "avg" or "max" for 768 numbers.

    Raises:
        WeightsError: the weights file is not there, or belongs to another network.
    """
    image = keras.Input(input_shape, name="image")
    x = _convolution(image, STEM, 3, 2, "stem")
    for number, (kind, channels, stride, expansion) in enumerate(BLOCKS, start=1):
        x = _block(x, kind, channels, stride, expansion, f"block{number}")
    x = _convolution(x, FEATURES, 1, 1, "top")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="top_pool")(x)
        x = layers.Dense(CLASSES, activation="softmax", name="predictions")(x)
    elif pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="top_pool")(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D(name="top_pool")(x)
    model = keras.Model(image, x, name=name)
    if weights is not None:
        load(model, BUNDLED_WEIGHTS if weights == "bundled" else Path(weights))
    return model


def load(model: keras.Model, path: Path) -> None:
    """Read an .npz of float16 kernels, named `layer/variable`, into `model`."""
    if not path.is_file():
        raise WeightsError(
            "The weights of the Pocket network are not where they belong.",
            expected=f"the file {path}",
            found="no such file",
            fix="Get the project's assets folder again, or choose another network.",
        )
    with np.load(path) as stored:
        for variable in model.weights:
            name = variable_name(variable)
            if name not in stored or stored[name].shape != tuple(variable.shape):
                raise WeightsError(
                    f"{path.name} does not fit the Pocket network.",
                    expected=f"{name} of shape {tuple(variable.shape)}",
                    found=f"shape {stored[name].shape}" if name in stored else "no such entry",
                    fix="Use the weights file that came with this version, or one that assets/pretrain.py wrote.",
                )
            variable.assign(stored[name].astype("float32"))


def save(model: keras.Model, path: Path) -> None:
    """Write what `load` reads: kernels as float16; biases and batch statistics, which are few, as float32."""
    arrays: dict[str, Any] = {}
    for variable in model.weights:
        value = keras.ops.convert_to_numpy(variable)
        arrays[variable_name(variable)] = value.astype("float16" if value.ndim > 1 else "float32")
    np.savez(path, **arrays)


def variable_name(variable: keras.Variable) -> str:
    """`layer/variable`, whatever model the layer was put into."""
    return "/".join(variable.path.split("/")[-2:])


def _block(x: keras.KerasTensor, kind: str, channels: int, stride: int, expansion: int, name: str) -> keras.KerasTensor:
    shortcut, width = x, x.shape[-1]
    if kind == "plain":
        return _convolution(x, channels, 3, stride, name)
    if kind == "fused":
        x = _convolution(x, width * expansion, 3, stride, f"{name}_expand")
    else:
        x = _convolution(x, width * expansion, 1, 1, f"{name}_expand")
        x = layers.DepthwiseConv2D(
            3,
            strides=stride,
            padding="same",
            use_bias=False,
            depthwise_initializer=_he(9),
            name=f"{name}_depthwise",
        )(x)
        x = layers.BatchNormalization(name=f"{name}_depthwise_bn")(x)
        x = layers.ReLU(name=f"{name}_depthwise_relu")(x)
    x = _convolution(x, channels, 1, 1, f"{name}_project", relu=False)
    if stride == 1 and width == channels:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _convolution(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str, relu: bool = True
) -> keras.KerasTensor:
    x = layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer=_he(kernel * kernel * x.shape[-1]),
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _he(fan_in: int) -> keras.initializers.Initializer:
    # Keras' own HeNormal takes the channels of a depthwise kernel for inputs of each output and starts far too small.
    return keras.initializers.TruncatedNormal(stddev=math.sqrt(2 / fan_in) / 0.88)
