"""Write transfer/networks/layer_tables/*.json: the layers of every network Transfer offers, as Keras builds them.

    python assets/make_layer_tables.py [NETWORK ...]

Run it again after a new major version of Keras, or after adding a record to `transfer/networks/backbones.py`. Nothing
is downloaded: networks are built with random weights, and where Keras would fetch its files is read by stepping in
front of its download function. The largest network needs about 4 GB of memory; all of them take about ten minutes.
"""

from __future__ import annotations

import gc
import json
import math
import sys
from typing import Any
from unittest import mock

import keras

from transfer.learning.model.applications import application
from transfer.learning.model.classifier import layers_of
from transfer.networks.backbones import BACKBONES, Backbone
from transfer.networks.layers import TABLES
from transfer.networks.packages import PACKAGES


class Fetched(Exception):
    """Raised in place of a download, carrying what Keras asked for."""


def asked_for(record: Backbone, alpha: float, image_size: int) -> dict[str, str]:
    """The weights file that Keras itself would fetch: its name, address and checksum."""

    def stop(fname: str, origin: str, file_hash: str = "", **_: Any) -> None:
        raise Fetched(fname, origin, file_hash)

    options = {"alpha": alpha} if len(record.alphas) > 1 else {}
    make = getattr(keras.applications, record.name)
    with mock.patch("keras.src.utils.file_utils.get_file", stop):
        try:
            make(weights="imagenet", include_top=False, input_shape=(image_size, image_size, 3), **options)
        except Fetched as answer:
            return dict(zip(("file", "url", "hash"), answer.args, strict=True))
    raise RuntimeError(f"Keras fetched nothing for {record.name}")


def multiply_adds(model: keras.Model) -> int:
    """How many products a network adds up for one photo; convolutions and dense layers, the rest is little."""
    total = 0
    for layer in model._flatten_layers(include_self=False):
        if not isinstance(
            layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D, keras.layers.Dense)
        ):
            continue
        places = math.prod(side for side in layer.output.shape[1:-1])
        total += places * sum(math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 1)
    return total


def table(record: Backbone) -> dict[str, Any]:
    """Everything `transfer.networks.layers` keeps about one network."""
    data: dict[str, Any] = {"keras": keras.__version__, "names": [], "parameters": {}, "total": {}, "weights": {}}
    data["multiply_adds"] = {}
    for alpha in record.alphas:
        keras.utils.clear_session()
        gc.collect()
        model = application(record, alpha, record.image_size)
        rows = layers_of(model)
        names = [row.name for row in rows]
        if data["names"] and data["names"] != names:
            raise RuntimeError(f"the layers of {record.name} depend on its width")
        kinds = [row.kind for row in rows]
        data["names"], data["kinds"] = names, sorted(set(kinds))
        data["kind"] = [data["kinds"].index(kind) for kind in kinds]
        data["parameters"][f"{alpha:g}"] = [row.parameters for row in rows]
        data["total"][f"{alpha:g}"] = model.count_params()
        data["multiply_adds"][f"{alpha:g}"] = multiply_adds(model)
        del model
        keras.utils.clear_session()
        gc.collect()
        if record.name not in PACKAGES:
            data["weights"][f"{alpha:g}"] = asked_for(record, alpha, record.image_size)
    return data


def main(names: list[str]) -> None:
    TABLES.mkdir(exist_ok=True)
    for name in names or list(BACKBONES):
        data = table(BACKBONES[name])
        text = json.dumps(data, separators=(",", ":")) + "\n"
        (TABLES / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name:20} {len(data['names']):5} layers, parameters {data['total']}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
