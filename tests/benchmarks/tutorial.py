"""The baseline: transfer learning as the Keras tutorials write it. Nothing of Transfer is in here.

`image_dataset_from_directory` with prefetch, a frozen backbone called with `training=False`, average pooling,
Dense 256, softmax, Adam, `fit`. With `--frozen-layers N`, fine-tuning instead: the layers from N on train too. With
`--fine-tune-epochs`, both steps, one after the other.

    python -m tests.benchmarks.tutorial FOLDER --backbone MobileNetV2 --alpha 0.35 --epochs 10
    python -m tests.benchmarks.tutorial FOLDER --base LITE0.keras --epochs 10 --fine-tune-epochs 5 --fine-tune-from 140

FOLDER holds `train`, `validation` and, for the accuracy, `test`. Prints one line of JSON; `seconds` count from the
start of the process to the end of the last epoch, `end` to that of evaluating on the test photos.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil


def main() -> None:
    options = _parser().parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    keras.utils.set_random_seed(options.seed)
    size = options.image_size

    def photos(split: str, shuffle: bool) -> Any:
        return keras.utils.image_dataset_from_directory(
            options.folder / split,
            label_mode="int",
            image_size=(size, size),
            batch_size=options.batch_size,
            shuffle=shuffle,
            seed=options.seed if shuffle else None,
            verbose=False,
        )

    train, validation = photos("train", True), photos("validation", False)
    classes = len(train.class_names)
    base, preprocess = _base(options)
    _unfreeze(base, options.frozen_layers)

    inputs = keras.Input((size, size, 3))
    x = base(preprocess(inputs), training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    if options.hidden_units:
        x = keras.layers.Dense(options.hidden_units, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))

    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.time()))

    def fit(epochs: int, learning_rate: float) -> Any:
        model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        both = {"x": train.prefetch(-1), "validation_data": validation.prefetch(-1)}
        return model.fit(**both, epochs=epochs, callbacks=[clock], verbose=0)

    began = time.time()
    history = fit(options.epochs, options.learning_rate)
    if options.fine_tune_epochs:
        _unfreeze(base, options.fine_tune_from)
        history = fit(options.fine_tune_epochs, options.fine_tune_learning_rate)
    starts = [began, *ends[:-1]]
    result = {
        "seconds": ends[-1] - psutil.Process().create_time(),
        "epoch_seconds": [end - start for start, end in zip(starts, ends, strict=True)],
        "val_accuracy": history.history["val_accuracy"][-1],
        "test_accuracy": None,
    }
    if (options.folder / "test").is_dir():
        result["test_accuracy"] = model.evaluate(photos("test", False), verbose=0)[1]
    print(json.dumps(result | {"end": time.time() - psutil.Process().create_time()}))


def _base(options: argparse.Namespace) -> tuple[Any, Any]:
    """The network without its top, and what it wants done to 0-255 RGB before."""
    import keras

    if options.base:
        return keras.saving.load_model(options.base), keras.layers.Rescaling(1 / 128, offset=-127 / 128)
    application = getattr(keras.applications, options.backbone)
    width = {} if options.alpha == 1.0 else {"alpha": options.alpha}
    weights = None if options.weights == "random" else options.weights
    shape = (options.image_size, options.image_size, 3)
    base = application(include_top=False, weights=weights, input_shape=shape, **width)
    return base, sys.modules[application.__module__].preprocess_input


def _unfreeze(base: Any, first: int | None) -> None:
    """Let the layers from this one on train; None for none."""
    base.trainable = first is not None
    for layer in base.layers[:first]:
        layer.trainable = False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--backbone", default="MobileNetV2")
    parser.add_argument("--alpha", type=float, default=1.0)
    parser.add_argument("--weights", default="imagenet", help="imagenet or random")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--frozen-layers", type=int, help="fine-tune the layers from this one on")
    parser.add_argument("--hidden-units", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--base", type=Path, help="a .keras file of EfficientNet-Lite without its top, as the network")
    parser.add_argument("--fine-tune-epochs", type=int, default=0, help="of a second step after the head's")
    parser.add_argument("--fine-tune-from", type=int, help="the first layer that trains in it")
    parser.add_argument("--fine-tune-learning-rate", type=float, default=1e-5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()
