"""How good are Pocket's features? A linear probe next to MobileNetV2 alpha 0.35, and photos per second.

    python tests/benchmarks/pocket_probe.py --photos FOLDER --keras-home KERAS_HOME [--weights pocket.npz] [--speed]

FOLDER holds the photo sets as sub-folders. A set with `train` and `val` (or `test`) folders is used with that split,
another one is split 3:1 per class, with three seeds. The probe is a softmax regression on the pooled features of the
frozen network, nothing else: no augmentation, no early stopping, the same strength of L2 penalty for every network.
It measures the network, not the app: what the app's own recipe makes of it is another benchmark.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from transfer.dataset.photo import EXTENSIONS, read_photo
from transfer.learning.pocket import IMAGE_SIZE, pocket, preprocess_input

SEEDS = (0, 1, 2)


def photo_set(folder: Path, seed: int) -> tuple[list[Path], np.ndarray, np.ndarray]:
    """The photos of a set, their labels, and which of them are for testing."""
    parts = [folder / name for name in ("train", "val", "test") if (folder / name).is_dir()]
    files, labels, testing = [], [], []
    dice = np.random.default_rng(seed)
    for part in parts or [folder]:
        for label, name in enumerate(sorted(child.name for child in part.iterdir() if child.is_dir())):
            found = sorted(file for file in (part / name).rglob("*") if file.suffix.lower() in EXTENSIONS)
            files += found
            labels += [label] * len(found)
            own = np.full(len(found), part.name != "train")
            testing += list(own if parts else dice.permutation(len(found)) < len(found) / 4)
    return files, np.array(labels), np.array(testing)


def features(model: keras.Model, files: list[Path]) -> np.ndarray:
    """Pooled features (photos, channels) of the photos squashed to the input size of the model."""
    size = model.input_shape[1]
    made = []
    for start in range(0, len(files), 64):
        photos = np.stack([read_photo(file, size) for file in files[start : start + 64]])
        made.append(model.predict_on_batch(preprocess_input(photos.astype("float32"))))
    return np.concatenate(made)


def probe(x: np.ndarray, labels: np.ndarray, testing: np.ndarray, penalty: float = 1e-4) -> float:
    """Accuracy on the test photos of a softmax regression trained on the others (full batches, Adam)."""
    train, test = x[~testing], x[testing]
    mean, spread = train.mean(0), train.std(0) + 1e-3
    train, test = (train - mean) / spread / np.sqrt(x.shape[1]), (test - mean) / spread / np.sqrt(x.shape[1])
    wanted = np.eye(labels.max() + 1)[labels[~testing]]
    weights = np.zeros((x.shape[1] + 1, wanted.shape[1]))
    train, test = (np.hstack([part, np.ones((len(part), 1))]) for part in (train, test))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, 501):
        scores = train @ weights
        odds = np.exp(scores - scores.max(1, keepdims=True))
        slope = train.T @ (odds / odds.sum(1, keepdims=True) - wanted) / len(train)
        slope += penalty * weights
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights -= 0.1 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return float(((test @ weights).argmax(1) == labels[testing]).mean())


def speed(model: keras.Model, seconds: float = 8.0, batch: int = 32) -> float:
    """Photos per second on this machine, compiled, in batches; decoding not counted."""
    photos = np.random.default_rng(0).random((batch, *model.input_shape[1:]), dtype="float32")
    model.predict_on_batch(photos)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        model.predict_on_batch(photos)
        count += batch
    return count / (time.perf_counter() - began)


def teacher_sized(home: Path) -> keras.Model:
    model = keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
    )
    model.load_weights(home / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5")
    return model


def random_pocket(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return pocket(weights=None, pooling="avg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["ants_bees", "sign_digits"])
    parser.add_argument("--keras-home", type=Path, help="also probe MobileNetV2 alpha 0.35 from this Keras home")
    parser.add_argument("--weights", default="bundled", help="another file of Pocket weights")
    parser.add_argument("--only-pocket", action="store_true", help="skip the random networks")
    parser.add_argument("--speed", action="store_true", help="measure photos per second instead")
    options = parser.parse_args()

    if options.speed:
        small = pocket(weights=None, pooling="avg")
        shape = (224, 224, 3)
        big = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=shape, pooling="avg")
        paces = [(speed(small), speed(big)) for _ in range(3)]
        ours, theirs = np.median(paces, axis=0)
        print(f"photos per second: Pocket at {IMAGE_SIZE} px {ours:.0f}, MobileNetV2 at 224 px {theirs:.0f}")
        print(f"{ours / theirs:.1f} times as many")
        return

    networks = {"Pocket": [pocket(weights=options.weights, pooling="avg")]}
    if not options.only_pocket:
        networks["Pocket, random weights"] = [random_pocket(seed) for seed in SEEDS]
    if options.keras_home:
        networks["MobileNetV2 alpha 0.35, ImageNet, 224 px"] = [teacher_sized(options.keras_home)]
    print("| network | " + " | ".join(options.sets) + " | mean |")
    print("|---|" + "---|" * (len(options.sets) + 1))
    for name, models in networks.items():
        scores = []
        for wanted in options.sets:
            splits = [photo_set(options.photos / wanted, seed) for seed in SEEDS]
            made = [features(model, splits[0][0]) for model in models]
            pairs = [(made[i % len(made)], split) for i, split in enumerate(splits)]
            scores.append(np.mean([probe(x, labels, testing) for x, (_, labels, testing) in pairs]))
        print(f"| {name} | " + " | ".join(f"{score:.3f}" for score in [*scores, np.mean(scores)]) + " |", flush=True)


if __name__ == "__main__":
    main()
