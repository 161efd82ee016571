"""A `.keras` file as a backbone: loading it safely, and leaving its classifier behind.

What counts as the backbone is everything before the first pooling or flattening that the whole answer passes through:
the pooling inside a squeeze-and-excite branch is not one, because a path leads around it. A network without one is
cut before its last Dense layers. When what remains is some scaling followed by one nested network, as in a model
that Transfer wrote, the nested network is the backbone and the scaling its preprocessing.

A file does not say what pixels it wants. One that begins with a Rescaling or Normalization layer is given 0-255 RGB;
any other is given values from -1 to 1, as most networks trained without preprocessing of their own expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from transfer.errors import ConfigError
from transfer.learning.model.graph import history, sources
from transfer.networks import keras_file
from transfer.networks.custom import custom_path

_ANY_SIZE = 224  # what a network that takes photos of any size is given when nothing was chosen
_FIRST_LAYERS = 8  # how far into a network its own scaling is looked for
_SUMMARIES = ("GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten")
_ANSWERS = ("Dense", "Dropout", "Activation", "Softmax", "ReLU", "BatchNormalization", "Identity")


@dataclass(frozen=True)
class CustomNetwork:
    """What was found in the file.

    Attributes:
        network: without its classifier; ends in feature maps (4-D) or, if it never had any, in features (2-D).
        preprocess: the part that came before a nested network, or None.
        scales_itself: whether it takes 0-255 RGB as it is.
        image_size: the only side in pixels it takes, or None for any.
    """

    network: keras.Model
    preprocess: keras.Model | None
    scales_itself: bool
    image_size: int | None

    def size(self, chosen: int | None) -> int:
        """The photo size to use.

        Raises:
            ConfigError: when the network only takes another size than the chosen one.
        """
        if chosen and self.image_size and chosen != self.image_size:
            raise ConfigError(
                f"{self.network.name} only takes photos of {self.image_size} pixels.",
                expected=f"image_size {self.image_size}, or empty",
                found=str(chosen),
                fix="Leave the photo size empty to use the size of the network.",
            )
        return chosen or self.image_size or _ANY_SIZE


def read(path: Path) -> keras.Model:
    """A saved Keras model, without its training state; nothing in the file is executed.

    Raises:
        ConfigError: when it is missing or cannot be loaded without running code from it.
    """
    path = custom_path(path)
    keras_file.check(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as problem:  # a damaged or foreign file can fail anywhere inside Keras
        raise keras_file.refused(path, _first_line(problem)) from problem
    if not isinstance(model, keras.Model):
        raise _not_an_image_network(path, f"a {type(model).__name__}")
    return model


def load(path: Path) -> CustomNetwork:
    """Read a file and find the backbone in it; every layer of it is made trainable.

    Raises:
        ConfigError: when the file cannot be read, or is not a network with one square RGB photo as its input.
    """
    model = read(path)
    inputs = list(getattr(model, "inputs", None) or [])
    shapes = [tuple(tensor.shape) for tensor in inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] != 3 or shapes[0][1] != shapes[0][2]:
        raise _not_an_image_network(path, f"inputs of shape {', '.join(map(str, shapes))}" if shapes else "no input")
    if len(model.outputs) != 1:
        raise _not_an_image_network(path, f"{len(model.outputs)} outputs")
    end = _end_of_backbone(model)
    if len(end.shape) not in (2, 4):
        raise _not_an_image_network(path, f"an output of shape {tuple(end.shape)}")
    scales_itself = _scales_itself(model)
    network = keras.Model(model.inputs[0], end, name="custom_" + re.sub(r"[^\w.-]", "_", path.stem))
    preprocess, network = _unwrapped(network)
    for part in parts(network):
        part.trainable = True
    return CustomNetwork(network, preprocess, scales_itself, shapes[0][1])


def random_again(found: CustomNetwork) -> keras.Model:
    """The same network knowing nothing: fresh random weights; only the statistics of its input scaling are kept."""
    network = keras.models.clone_model(found.network)
    for before, after in zip(parts(found.network), parts(network), strict=True):
        if isinstance(before, keras.layers.Normalization):
            copy_weights(before, after)
    return network


def copy_weights(source: Any, target: Any) -> None:
    """Copy all weights between two networks, or two layers, of the same shape; ValueError when they differ."""
    target.set_weights(source.get_weights())
    for part in parts(target):
        if isinstance(part, keras.layers.Normalization):
            part.finalize_state()  # it computes with derived values that set_weights does not touch


def parts(layer: Any) -> Iterator[Any]:
    """A layer and everything nested in it, outermost first."""
    yield layer
    for part in [*getattr(layer, "layers", []), *([layer.layer] if hasattr(layer, "layer") else [])]:
        yield from parts(part)


# ---------------------------------------------------------------------- finding the backbone


def _end_of_backbone(model: keras.Model) -> Any:
    output = model.outputs[0]
    for tensor in history(output):
        operation = tensor._keras_history.operation
        if type(operation).__name__ in _SUMMARIES:
            source = sources(tensor)[0]
            if len(source.shape) == 4 and not _reaches_input(output, around=tensor):
                return source
    if len(output.shape) == 4:
        return output
    end = before_dense = output
    while type(end._keras_history.operation).__name__ in _ANSWERS:
        dense = isinstance(end._keras_history.operation, keras.layers.Dense)
        end = sources(end)[0]
        if len(end.shape) != 2:
            break
        if dense:
            before_dense = end
    return before_dense


def _reaches_input(output: Any, around: Any) -> bool:
    """Whether some path from the answer back to the photo leads around a tensor."""
    seen = {id(around)}
    stack = [output]
    while stack:
        tensor = stack.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        before = sources(tensor)
        if not before:
            return True
        stack += before
    return False


def _unwrapped(network: keras.Model) -> tuple[keras.Model | None, keras.Model]:
    last = network.outputs[0]._keras_history.operation
    if not isinstance(last, keras.Model) or any(layer.weights for layer in network.layers if layer is not last):
        return None, network
    before = sources(network.outputs[0])
    if len(before) != 1 or len(last.inputs) != 1:
        return None, network
    if not sources(before[0]):
        return None, last
    return keras.Model(network.inputs[0], before[0], name="preprocess"), last


def _scales_itself(model: keras.Model) -> bool:
    first = [type(part).__name__ for part in parts(model) if not hasattr(part, "layers")][:_FIRST_LAYERS]
    return "Rescaling" in first or "Normalization" in first


def _first_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0][:300] if lines else type(problem).__name__


def _not_an_image_network(path: Path, found: str) -> ConfigError:
    return ConfigError(
        f"{path.name} is not a network for photos.",
        expected="one input of shape (height, width, 3), height equal to width, and one output",
        found=found,
        fix="Choose a .keras file of an image network, or a network from the list.",
    )
