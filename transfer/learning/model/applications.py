"""Applications: the networks on offer, built and given what they know.

Those of keras.applications and EfficientNet-Lite, without their classifiers. Their records are in
`transfer.networks.backbones`, where weights files come from in `transfer.networks.weights`; a user's `.keras` file is
the business of `custom`.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras

from transfer.config import RunConfig
from transfer.errors import ConfigError, WeightsError
from transfer.learning.model import custom, efficientnet_lite
from transfer.networks import weights as weight_files
from transfer.networks.backbones import Backbone

TORCH_STD = (0.229, 0.224, 0.225)
"""Standard deviations of ImageNet's red, green and blue, of values from 0 to 1."""


def application(record: Backbone, alpha: float, size: int) -> keras.Model:
    """A network of keras.applications without its classifier, randomly initialised, for photos of `size` pixels.

    It has the layers that Keras builds for ImageNet weights, whatever weights it gets, so that "frozen layers" always
    counts the same layers.
    """
    options: dict[str, Any] = {"alpha": _checked_alpha(record, alpha)} if len(record.alphas) > 1 else {}
    if record.name in efficientnet_lite.SCALES:
        return efficientnet_lite.efficientnet_lite(record.name, (size, size, 3))
    make = getattr(keras.applications, record.name)
    network: keras.Model = make(weights=None, include_top=False, input_shape=(size, size, 3), **options)
    return _with_second_scaling(network) if record.family == "EfficientNet" else network


def load_weights(network: keras.Model, config: RunConfig) -> None:
    """Give a network of keras.applications what it knows, as `config.weights` says; "random" leaves it as it is.

    Raises:
        WeightsError: when the file is missing and cannot be fetched, or does not fit.
    """
    if config.weights == "random":
        return
    file = weight_files.require(config)
    if file is None:
        return
    path = file.path
    if not file.present:
        try:
            path = Path(keras.utils.get_file(file.name, file.url, cache_subdir="models", file_hash=file.hash or None))
        except Exception as problem:  # Keras raises a bare Exception for a failed download
            raise weight_files.missing(config, file, f"the download failed: {problem}") from problem
    load_file(network, path, file.hash)


def load_file(network: keras.Model, path: Path, sha256: str = "") -> None:
    """Load a weights file, or the weights of a saved model's backbone, into a network of the same shape.

    Raises:
        WeightsError: when the file cannot be read or belongs to another network.
    """
    try:
        if path.suffix == ".pth":
            efficientnet_lite.load(network, path, sha256)
        elif path.suffix == ".keras":
            custom.copy_weights(custom.load(path).network, network)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # about parts that the error then names
                network.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError, ConfigError) as problem:
        raise WeightsError(
            f"The weights in {path.name} do not fit {network.name}.",
            expected="weights of this very network, without its ImageNet classifier, at this width",
            found=str(problem).strip().splitlines()[0][:300] if str(problem).strip() else type(problem).__name__,
            fix="Choose the network the file was made for, or another weights file; check that the file is complete.",
        ) from problem


def checked_size(record: Backbone, size: int | None) -> int:
    """The photo size to use: the chosen one, or the size the network learned with.

    Raises:
        ConfigError: when the network cannot be built that small.
    """
    size = size or record.image_size
    if size < record.minimum_size:
        raise ConfigError(
            f"Photos of {size} pixels are too small for {record.name}.",
            expected=f"image_size at least {record.minimum_size}",
            found=str(size),
            fix=f"Choose a larger size ({record.image_size} is what it learned with), or another network.",
        )
    return size


def _with_second_scaling(network: keras.Model) -> keras.Model:
    # The weights expect it, and Keras adds it only when it loads them itself.
    scale = [std**-0.5 for std in TORCH_STD]

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        output = layer(*args, **kwargs)
        if isinstance(layer, keras.layers.Normalization):
            return keras.layers.Rescaling(scale)(output)
        return output

    photo = keras.Input(network.input_shape[1:], name=network.layers[0].name)
    return keras.models.clone_model(network, input_tensors=photo, call_function=call)


def _checked_alpha(record: Backbone, alpha: float) -> float:
    for offered in record.alphas:
        if abs(offered - alpha) < 1e-6:
            return offered
    raise ConfigError(
        f"{record.name} does not come in this width.",
        expected=f"alpha to be one of {', '.join(f'{offered:g}' for offered in record.alphas)}",
        found=f"{alpha:g}",
        fix="Choose one of the offered widths.",
    )
